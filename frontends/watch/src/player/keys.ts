/** Keyboard shortcuts of the player, the ones that people know from other players. */

/** Obey the shortcuts anywhere on the page, but not while a person types or operates another control. */
export function obeyKeys(box: HTMLElement, video: HTMLVideoElement): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isForAnother(event.target, event.key)) return;
    const act = actionFor(event.key, box, video);
    if (act === null) return;
    // Also keeps the native controls from answering the same key a second time.
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  document.addEventListener('keydown', onKey, { capture: true });
}

function isForAnother(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('input, select, textarea')) return true;
  return key === ' ' && target.matches('a, button, summary');
}

function actionFor(key: string, box: HTMLElement, video: HTMLVideoElement): (() => void) | null {
  if (/^[0-9]$/.test(key)) return () => seek(video, (video.duration * Number(key)) / 10);
  switch (key.toLowerCase()) {
    case 'k':
    case ' ':
      return () => (video.paused ? void video.play().catch(() => undefined) : video.pause());
    case 'arrowleft':
      return () => seek(video, video.currentTime - 5);
    case 'arrowright':
      return () => seek(video, video.currentTime + 5);
    case 'j':
      return () => seek(video, video.currentTime - 10);
    case 'l':
      return () => seek(video, video.currentTime + 10);
    case 'arrowup':
      return () => setVolume(video, video.volume + 0.1);
    case 'arrowdown':
      return () => setVolume(video, video.volume - 0.1);
    case 'm':
      return () => (video.muted = !video.muted);
    case 'f':
      return () => toggleFullScreen(box);
    default:
      return null;
  }
}

function seek(video: HTMLVideoElement, to_s: number): void {
  if (Number.isFinite(video.duration)) video.currentTime = Math.min(video.duration, Math.max(0, to_s));
}

function setVolume(video: HTMLVideoElement, volume: number): void {
  video.volume = Math.min(1, Math.max(0, volume));
  video.muted = false;
}

function toggleFullScreen(box: HTMLElement): void {
  // A refusal (an embedding page, a kiosk) leaves the player as it is: nothing to tell.
  const done = document.fullscreenElement === null ? box.requestFullscreen?.() : document.exitFullscreen();
  done?.catch(() => undefined);
}
