/**
 * The player: a video element, the engine that feeds it, and words when it cannot go on.
 *
 * Its state can be read from `box`: `data-state` (a `PlayerState`), `data-engine`, `data-quality` (what is on screen,
 * such as `720p`), `data-error` (a `TroubleKind`, only while in trouble) and `data-detail` (the last trouble in the engine's
 * own words, also one that the player got over).
 */
import type { Playback } from '../api';
import { element } from '../dom';
import { TROUBLE_WORDS, WORDS } from '../words';
import { captionMenu } from './caption-menu';
import { loadEngine, suitableEngine, type Engine, type EngineEvents, type EngineName } from './engine';
import { obeyKeys } from './keys';
import { qualityMenu } from './quality-menu';
import { storyboardBar } from './storyboard';
import type { TroubleKind } from './trouble';

export type PlayerState = 'loading' | 'paused' | 'playing' | 'seeking' | 'stalled' | 'ended' | 'error';

/** Ask again for permission to play; rejects when there is none. */
export type Renew = () => Promise<Playback>;

const STATE_EVENTS = [
  'loadstart', 'loadeddata', 'canplay', 'play', 'playing', 'pause', 'waiting', 'seeking', 'seeked', 'ended', 'emptied',
];

/** After trouble a live stream is tried again so many times, later each time, before the viewer is told. */
const RESTARTS_MS = [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
/** Who has played that long is out of trouble. */
const RECOVERED_S = 10;

/** Plays one video. Starts loading at once, and playing if the browser allows it unasked. */
export class Player {
  /** The picture with its controls; fills its parent. */
  readonly box: HTMLElement;
  /** What plays: for those who show where it is. */
  get video(): HTMLVideoElement {
    return this.#video;
  }
  /** The menus of captions and quality, to be placed near the picture. */
  readonly menus: HTMLElement;
  /** The bar that shows what the film looks like; null where that is not known. */
  readonly storyboard: HTMLElement | null;
  readonly #video: HTMLVideoElement;
  readonly #name: EngineName | null;
  readonly #events: EngineEvents;
  readonly #renew: Renew | null;
  #playback: Playback;
  #engine: Engine | null = null;
  #notice: HTMLElement | null = null;
  #mayRenew: boolean;
  #restarts = 0;
  #restart: ReturnType<typeof setTimeout> | undefined;
  /** Where playback began after the last restart. */
  #resumed_s = 0;

  /** `wanted` is the engine that the address asks for; `renew` is null for public media, which nothing refuses. */
  constructor(playback: Playback, wanted: EngineName | null, renew: Renew | null) {
    const menu = qualityMenu((quality) => this.#engine?.choose(quality));
    const captions = captionMenu((caption) => this.#engine?.caption(caption));
    this.#video = element('video', { controls: '', playsinline: '', preload: 'auto', class: 'size-full', 'aria-label': WORDS.player });
    this.box = element('div', { class: 'relative size-full bg-black', 'data-state': 'loading' }, this.#video);
    this.menus = element('div', { class: 'flex flex-wrap gap-x-6 gap-y-2' }, captions.node, menu.node);
    this.storyboard = playback.storyboardUrl === null ? null : storyboardBar(this.#video, playback.storyboardUrl);
    this.#playback = playback;
    this.#name = wanted ?? suitableEngine(this.#video);
    this.#renew = renew;
    this.#mayRenew = renew !== null;
    this.#events = {
      onTrouble: (kind, detail) => void this.#meet(kind, detail),
      onQualities: menu.offer,
      onCaptions: captions.offer,
      onShown: (quality) => {
        this.box.dataset['quality'] = quality.label;
        menu.show(quality);
      },
    };
    this.#listen();
    void this.#start(0, true);
  }

  #listen(): void {
    for (const event of STATE_EVENTS) this.#video.addEventListener(event, () => this.#showState());
    this.#video.addEventListener('playing', () => (this.#mayRenew = this.#renew !== null));
    this.#video.addEventListener('timeupdate', () => {
      if (this.#restarts > 0 && this.#video.currentTime > this.#resumed_s + RECOVERED_S) this.#restarts = 0;
    });
    this.#video.addEventListener('playing', () => (this.#resumed_s = this.#video.currentTime));
    window.addEventListener('online', () => {
      if (this.box.dataset['error'] === ('network' satisfies TroubleKind)) void this.#start(this.#video.currentTime, true);
    });
    obeyKeys(this.box, this.#video);
  }

  /** Let go of everything; nothing plays after that. */
  destroy(): void {
    this.#release();
    this.#video.removeAttribute('src');
  }

  async #start(start_s: number, shouldPlay: boolean): Promise<void> {
    this.#clear();
    if (this.#name === null) return this.#show('unsupported');
    this.box.dataset['engine'] = this.#name;
    if (this.#playback.posterUrl !== null) this.#video.poster = this.#playback.posterUrl;
    try {
      const startEngine = await loadEngine(this.#name);
      const isDash = this.#name === 'dash' || this.#name === 'shaka';
      const manifestUrl = isDash ? this.#playback.dashUrl : this.#playback.hlsUrl;
      // Whoever comes back to a live stream wants to see what happens now.
      const at_s = this.#playback.isLive ? null : start_s;
      this.#engine = startEngine(this.#video, manifestUrl, at_s, this.#events);
    } catch {
      // The engine's code did not arrive: no connection, or the site has changed since this page was loaded. Browsers
      // remember a failed import, so only a new page helps.
      return this.#show('network', () => location.reload());
    }
    if (shouldPlay) await this.#play();
  }

  /** Play, as far as the browser allows it unasked; where it does not, the controls say so already. */
  async #play(): Promise<void> {
    const engine = this.#engine;
    let wasPaused = false;
    const note = (): void => void (wasPaused = true);
    this.#video.addEventListener('pause', note, { once: true });
    await this.#video.play().catch((refused: unknown) => {
      // An engine that attaches later than now takes the order back with what was loaded before.
      const isTakenBack = refused instanceof DOMException && refused.name === 'AbortError';
      if (isTakenBack && !wasPaused && engine === this.#engine) return this.#play();
      return undefined;
    });
    this.#video.removeEventListener('pause', note);
  }

  /** Get over the trouble with fresh permission, or tell the viewer. */
  async #meet(kind: TroubleKind, detail: string): Promise<void> {
    const at_s = this.#video.currentTime;
    const wasPlaying = !this.#video.paused;
    this.#release();
    this.box.dataset['detail'] = detail;
    const wait_ms = RESTARTS_MS[this.#restarts];
    if (this.#playback.isLive && isPassing(kind) && wait_ms !== undefined) {
      this.#restarts += 1;
      this.#restart = setTimeout(() => void this.#start(at_s, wasPlaying), wait_ms);
      return;
    }
    if (kind !== 'forbidden' || this.#renew === null || !this.#mayRenew) return this.#show(kind);
    // Once until it plays again: if fresh cookies do not help, the permission is gone.
    this.#mayRenew = false;
    try {
      this.#playback = await this.#renew();
    } catch {
      return this.#show('forbidden');
    }
    await this.#start(at_s, wasPlaying);
  }

  #show(kind: TroubleKind, onAgain?: () => void): void {
    const at_s = this.#video.currentTime;
    this.#clear();
    this.#notice = troubleNotice(kind, this.box.dataset['detail'] ?? '', onAgain ?? (() => void this.#start(at_s, true)));
    this.box.append(this.#notice);
    // Behind the notice they would still take the keyboard's focus.
    this.#video.controls = false;
    this.box.dataset['error'] = kind;
    this.#showState();
  }

  #clear(): void {
    this.#release();
    this.#notice?.remove();
    this.#notice = null;
    this.#video.controls = true;
    delete this.box.dataset['error'];
  }

  #release(): void {
    clearTimeout(this.#restart);
    this.#engine?.destroy();
    this.#engine = null;
  }

  #showState(): void {
    this.box.dataset['state'] = this.#notice === null ? stateOf(this.#video) : ('error' satisfies PlayerState);
  }
}

/** Tell whether a live stream may be over this by itself: encoders start, fall behind, break off and come back. */
function isPassing(kind: TroubleKind): boolean {
  return kind !== 'forbidden' && kind !== 'unsupported';
}

function stateOf(video: HTMLVideoElement): PlayerState {
  if (video.ended) return 'ended';
  if (video.seeking) return 'seeking';
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA && video.played.length === 0) return 'loading';
  if (video.paused) return 'paused';
  return video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA ? 'playing' : 'stalled';
}

function troubleNotice(kind: TroubleKind, detail: string, onAgain: () => void): HTMLElement {
  const cover = 'absolute inset-0 flex flex-col items-center justify-center gap-4 overflow-auto bg-black/85 p-4 text-center text-white';
  const again = element('button', { class: 'button', type: 'button' }, WORDS.again);
  again.addEventListener('click', onAgain);
  const words = element('p', { class: 'max-w-prose' }, TROUBLE_WORDS[kind]);
  // For whoever is asked for help.
  const cause = element('p', { class: 'max-w-prose text-xs break-all opacity-60' }, detail);
  return element('div', { role: 'alert', class: cover }, words, kind === 'unsupported' ? null : again, cause);
}
