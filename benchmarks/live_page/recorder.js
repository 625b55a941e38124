// Notes how late each picture is seen, by the clock in it (see scripts/streaming/clock_reader.js), and when the picture stood.
// Times are in milliseconds since the page was opened.
globalThis.measured = { samples: [], stalls: [], seeks: [], pauses: [], unreadable: 0, frames: 0, errors: [], heap: [] };
(() => {
  // Reading costs a copy of the picture: ten times a second is often enough.
  const READ_EVERY_MS = 95;
  const { measured } = globalThis;
  const watch = (video) => {
    let lastRead = -Infinity;
    let lastFrame = null;
    let stalledSince = null;
    const now = () => Math.round(performance.now());
    video.addEventListener('waiting', () => {
      if (measured.frames > 0 && !video.seeking) stalledSince ??= now();
    });
    video.addEventListener('seeking', () => measured.seeks.push(now()));
    video.addEventListener('playing', () => {
      if (stalledSince !== null) measured.stalls.push([stalledSince, now() - stalledSince]);
      stalledSince = null;
    });
    const note = () => {
      video.requestVideoFrameCallback(note);
      const at = now();
      measured.frames++;
      // Only what a person would notice.
      if (lastFrame !== null && at - lastFrame > 200) measured.pauses.push([at, at - lastFrame]);
      lastFrame = at;
      if (at - lastRead < READ_EVERY_MS) return;
      lastRead = at;
      const clock = globalThis.readClock(video);
      if (clock === null) measured.unreadable++;
      else measured.samples.push([at, Date.now() - clock, video.videoHeight]);
    };
    video.requestVideoFrameCallback(note);
    setInterval(() => {
      if (performance.memory) measured.heap.push([now(), performance.memory.usedJSHeapSize]);
    }, 10_000);
  };
  const look = () => {
    const video = document.querySelector('video');
    if (video === null) setTimeout(look, 20);
    else watch(video);
  };
  document.addEventListener('DOMContentLoaded', look);
})();
