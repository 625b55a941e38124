// Runs in every page under test, before the page's own code: notes what a viewer would see and hear of the video.
(() => {
  const notes = { frames: [], longestStall_ms: 0, waits: 0, ended: false, violations: [] };
  globalThis.screenNotes = notes;

  // Reads the number that the strip of a frame carries, or null if the strip is not one (see clip.py).
  const readNumber = (video) => {
    const cells = 16;
    const canvas = new OffscreenCanvas(cells * 4, 4);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 8, 0, 0, cells * 4, 4);
    const { data } = pen.getImageData(0, 2, cells * 4, 1);
    let code = 0;
    for (let cell = 0; cell < cells; cell++) {
      const level = data[(cell * 4 + 2) * 4];
      if (level > 90 && level < 160) return null;
      code = (code << 1) | (level > 125 ? 1 : 0);
    }
    const number = code >> 4;
    return (number * 7 + 5) % 16 === (code & 15) ? number : null;
  };

  const readColour = (video) => {
    const canvas = new OffscreenCanvas(1, 1);
    const pen = canvas.getContext('2d');
    const { videoWidth: width, videoHeight: height } = video;
    pen.drawImage(video, width / 4, height / 2, width / 2, height / 4, 0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
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
      colour: readColour(video),
    };
  };
})();
