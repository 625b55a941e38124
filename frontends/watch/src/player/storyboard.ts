/**
 * A bar under the picture that shows what the film looks like at any moment, and goes there on a click.
 *
 * It is for pointers; the keyboard has the film's own bar and its keys. The moment pointed at can be read from
 * `data-at-s`.
 */
import { element } from '../dom';
import { formatDuration } from '../words';

interface Tile {
  readonly end_s: number;
  readonly sheetUrl: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Return the bar; the pictures are fetched when somebody points at it for the first time. */
export function storyboardBar(video: HTMLVideoElement, indexUrl: string): HTMLElement {
  const picture = element('div', { class: 'bg-black bg-no-repeat' });
  const time = element('div', { class: 'text-center text-sm text-white tabular-nums' });
  const bubble = element('div', { class: 'pointer-events-none absolute bottom-full z-10 mb-1 rounded bg-black/85 p-1', hidden: '' }, picture, time);
  const bar = element('div', { class: 'relative h-4 cursor-pointer touch-none bg-line hover:bg-field', 'aria-hidden': 'true', 'data-storyboard': '' }, bubble);
  let tiles: Promise<readonly Tile[]> | null = null;

  const pointedAt = (event: PointerEvent): number => {
    const { left, width } = bar.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width)) * (Number.isFinite(video.duration) ? video.duration : 0);
  };
  const show = async (event: PointerEvent): Promise<void> => {
    const at_s = pointedAt(event);
    const { left, width } = bar.getBoundingClientRect();
    bar.dataset['atS'] = String(at_s);
    tiles ??= fetchTiles(indexUrl);
    const known = await tiles;
    // The pointer may have moved on, or away, while the index was fetched.
    if (bar.dataset['atS'] !== String(at_s)) return;
    const tile = known.find(({ end_s }) => at_s < end_s) ?? known.at(-1);
    if (tile === undefined) return;
    draw(picture, tile);
    time.textContent = formatDuration(Math.floor(at_s) * 1000);
    bubble.hidden = false;
    const room = width - bubble.offsetWidth;
    bubble.style.left = `${Math.min(room, Math.max(0, event.clientX - left - bubble.offsetWidth / 2))}px`;
  };
  bar.addEventListener('pointermove', (event) => void show(event));
  bar.addEventListener('pointerleave', () => {
    delete bar.dataset['atS'];
    bubble.hidden = true;
  });
  bar.addEventListener('click', (event) => (video.currentTime = pointedAt(event)));
  return bar;
}

function draw(picture: HTMLElement, { sheetUrl, x, y, width, height }: Tile): void {
  picture.style.width = `${width}px`;
  picture.style.height = `${height}px`;
  picture.style.backgroundImage = `url("${encodeURI(sheetUrl)}")`;
  picture.style.backgroundPosition = `${-x}px ${-y}px`;
}

/** Read the index: WebVTT whose cues name a part of a picture. Without it the bar shows nothing. */
async function fetchTiles(indexUrl: string): Promise<readonly Tile[]> {
  const answer = await fetch(indexUrl).catch(() => null);
  if (answer === null || !answer.ok) return [];
  const cues = (await answer.text()).matchAll(/--> (\d+):(\d\d):(\d\d\.\d{3})\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g);
  return [...cues].map(([, hours, minutes, seconds, name, x, y, width, height]) => ({
    end_s: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
    sheetUrl: new URL(name ?? '', new URL(indexUrl, location.href)).href,
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}
