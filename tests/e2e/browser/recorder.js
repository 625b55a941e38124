// Runs in every page under test, before the page's own code: notes what a viewer would see and hear of the video.
(() => {
  const notes = { frames: [], longestStall_ms: 0, waits: 0, ended: false, violations: [] };
  globalThis.screenNotes = notes;

  // Reads the number of a frame from its upper part: twelve bars, the lowest bit on the left (tests/media_fixtures).
  const BITS = 12;
  const BARCODE_SHARE = 0.4;
  const readNumber = (video) => {
    const canvas = new OffscreenCanvas(BITS * 4, 4);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const { videoWidth: width, videoHeight: height } = video;
    pen.drawImage(video, 0, height * BARCODE_SHARE * 0.3, width, height * BARCODE_SHARE * 0.4, 0, 0, BITS * 4, 4);
    const { data } = pen.getImageData(0, 2, BITS * 4, 1);
    let number = 0;
    for (let bit = 0; bit < BITS; bit++) {
      const level = data[(bit * 4 + 2) * 4];
      if (level > 90 && level < 160) return null;
      if (level > 125) number |= 1 << bit;
    }
    return number;
  };

  // The lower part is a slanted ramp of greys: a screen that is black, frozen grey or green noise has no such spread.
  const readGreys = (video) => {
    const canvas = new OffscreenCanvas(48, 16);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const { videoWidth: width, videoHeight: height } = video;
    pen.drawImage(video, 0, height * 0.5, width, height * 0.45, 0, 0, 48, 16);
    const { data } = pen.getImageData(0, 0, 48, 16);
    let darkest = 255;
    let lightest = 0;
    let tint = 0;
    for (let at = 0; at < data.length; at += 4) {
      darkest = Math.min(darkest, data[at]);
      lightest = Math.max(lightest, data[at]);
      tint = Math.max(tint, Math.abs(data[at] - data[at + 1]), Math.abs(data[at] - data[at + 2]));
    }
    return { darkest, lightest, tint };
  };

  const watchFrames = (video) => {
    const onFrame = (_, { mediaTime }) => {
      notes.frames.push([mediaTime, readNumber(video)]);
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  };

  // A stall is time in which the film should run and does not; judged by the clock of the film, not by events, which
  // browsers do not send for a decoder that is merely too slow.
  const watchClock = (video) => {
    let movedAt = performance.now();
    let last = video.currentTime;
    setInterval(() => {
      const now = performance.now();
      const shouldRun = !video.paused && !video.seeking && !video.ended && video.played.length > 0;
      if (!shouldRun || video.currentTime !== last) movedAt = now;
      last = video.currentTime;
      notes.longestStall_ms = Math.max(notes.longestStall_ms, now - movedAt);
    }, 50);
  };

  const watched = new WeakSet();
  document.addEventListener('loadedmetadata', ({ target }) => {
    if (watched.has(target)) return;
    watched.add(target);
    watchFrames(target);
    watchClock(target);
    target.addEventListener('waiting', () => { if (!target.seeking && target.played.length > 0) notes.waits += 1; });
    target.addEventListener('ended', () => { notes.ended = true; });
  }, true);
  document.addEventListener('securitypolicyviolation', (event) => notes.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));

  globalThis.readScreen = () => {
    const video = document.querySelector('video');
    const quality = video.getVideoPlaybackQuality();
    return {
      ...notes,
      position_s: video.currentTime,
      duration_s: video.duration,
      buffered: Array.from({ length: video.buffered.length }, (_, i) => [video.buffered.start(i), video.buffered.end(i)]),
      decoded: quality.totalVideoFrames,
      dropped: quality.droppedVideoFrames,
      audioBytes: video.webkitAudioDecodedByteCount,
      width_px: video.videoWidth,
      height_px: video.videoHeight,
      number: readNumber(video),
      greys: readGreys(video),
    };
  };
})();
