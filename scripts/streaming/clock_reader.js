// Reads the time of day that `clock_picture.py` drew into a video: milliseconds since 1970, or null if unreadable.
globalThis.readClock = (() => {
  const BITS = 48;
  const STRIP_SHARE = 0.25;
  const BARS_SHARE = 0.4;
  const CUT = 2 ** 40;
  const canvas = new OffscreenCanvas(BITS * 4, 1);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  return (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (width === 0) return null;
    pen.drawImage(video, 0, height * STRIP_SHARE * BARS_SHARE * 0.3, width, height * STRIP_SHARE * BARS_SHARE * 0.4, 0, 0, BITS * 4, 1);
    const { data } = pen.getImageData(0, 0, BITS * 4, 1);
    const bytes = [0, 0, 0, 0, 0, 0];
    for (let bit = 0; bit < BITS; bit++) {
      const level = (data[(bit * 4 + 1) * 4] + data[(bit * 4 + 2) * 4]) / 2;
      if (level > 90 && level < 160) return null;
      if (level > 125) bytes[bit >> 3] |= 128 >> (bit & 7);
    }
    const check = bytes[0] ^ bytes[1] ^ bytes[2] ^ bytes[3] ^ bytes[4];
    if (check !== bytes[5]) return null;
    const cut = bytes.slice(0, 5).reduce((value, byte) => value * 256 + byte, 0);
    return Math.floor(Date.now() / CUT) * CUT + cut;
  };
})();
