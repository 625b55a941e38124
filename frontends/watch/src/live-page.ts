/** The page of a live stream: it plays while it is live, and says in plain words what happens otherwise. */
import { signInLink } from './account-area';
import { fetchStream, openStream, type Stream } from './api';
import { ApiProblem } from './call';
import { element } from './dom';
import { homeLink, notice, setTitle, showPage } from './frame';
import type { EngineName } from './player/engine';
import { Player } from './player/player';
import { formatDuration, WORDS } from './words';

/** A change of state is seen this soon; the picture itself does not wait for it. */
const LOOK_MS = 3_000;
/** Who is closer to the newest picture than this watches live. */
const LIVE_WITHIN_S = 8;
/** Players stay this far from the end of what is there, or they run dry. */
const HOLD_BACK_S = 1.5;

/** Show a stream by its id, or whatever a channel (`@handle`) streams. */
export function showLivePage(name: string, engine: EngineName | null): void {
  const stage = element('div', { class: 'flex flex-col gap-6' }, element('p', { role: 'status', class: 'p-4 text-quiet' }, WORDS.liveLoading));
  showPage(null, stage);
  const page = new LivePage(stage, engine);
  void follow(name, page);
}

async function follow(name: string, page: LivePage): Promise<void> {
  for (;;) {
    try {
      await page.see(await fetchStream(name));
    } catch (error) {
      const isGone = error instanceof ApiProblem && [401, 403, 404, 410, 422].includes(error.status);
      // What plays goes on while the API does not answer: it needs only the media.
      page.miss(isGone);
      if (isGone) return;
    }
    if (page.isOver && !name.startsWith('@')) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

class LivePage {
  isOver = false;
  readonly #stage: HTMLElement;
  readonly #engine: EngineName | null;
  #shown = '';
  #player: Player | null = null;
  #interrupted: HTMLElement | null = null;

  constructor(stage: HTMLElement, engine: EngineName | null) {
    this.#stage = stage;
    this.#engine = engine;
  }

  /** Show a stream as it is now; null is a channel that is offline. */
  async see(stream: Stream | null): Promise<void> {
    setTitle(stream === null ? WORDS.offlineTitle : stream.title || WORDS.untitled);
    this.isOver = stream?.state === 'ended';
    if (stream === null) return this.#say('offline', notice(WORDS.offlineTitle, WORDS.offlineText, homeLink()));
    switch (stream.state) {
      case 'starting':
        return this.#say('starting', notice(WORDS.startingTitle, WORDS.startingText));
      case 'live':
      case 'interrupted':
        return this.#play(stream);
      case 'ended': {
        // The end plays out first: players are a little behind.
        if (this.#player !== null && !this.#player.video.ended && !this.#player.video.paused) {
          this.isOver = false;
          return;
        }
        const link = element('a', { href: `/watch/${encodeURIComponent(stream.videoId)}`, class: 'link' }, WORDS.endedLink);
        return this.#say('ended', notice(WORDS.endedTitle, WORDS.endedText, link));
      }
    }
  }

  /** Say that there is no such stream, or that the platform does not answer. */
  miss(isGone: boolean): void {
    if (isGone) return this.#say('missing', notice(WORDS.noStreamTitle, WORDS.noStreamText, homeLink(), signInLink()));
    if (this.#player === null) this.#say('unreachable', notice(WORDS.unreachableTitle, WORDS.unreachableText));
  }

  async #play(stream: Stream): Promise<void> {
    if (this.#shown !== stream.sessionId) {
      const playback = await openStream(stream.sessionId);
      this.#clear(stream.sessionId);
      this.#player = new Player(playback, this.#engine, stream.isPrivate ? () => openStream(stream.sessionId) : null);
      this.#interrupted = element('p', { role: 'status', class: 'px-4 font-semibold sm:px-0', hidden: '' });
      this.#stage.replaceChildren(...this.#parts(stream, this.#player, this.#interrupted));
    }
    if (this.#interrupted === null) return;
    const isInterrupted = stream.state === 'interrupted';
    this.#interrupted.hidden = !isInterrupted;
    const words = isInterrupted ? WORDS.interrupted(stream.reconnectWindowS) : '';
    if (this.#interrupted.textContent !== words) this.#interrupted.textContent = words;
    this.#stage.dataset['stream'] = stream.state;
  }

  #parts(stream: Stream, player: Player, interrupted: HTMLElement): HTMLElement[] {
    const screen = element('div', { class: 'aspect-video max-h-[75dvh] w-full overflow-hidden bg-black sm:rounded-xl' }, player.box);
    const title = element('h1', { class: 'text-xl font-bold tracking-tight sm:text-2xl' }, stream.title || WORDS.untitled);
    const controls = element('div', { class: 'flex flex-wrap items-center gap-x-6 gap-y-2' }, liveMark(player.video), player.menus);
    const top = element('div', { class: 'flex flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 sm:px-0' }, title, controls);
    const description = element('p', { class: 'max-w-prose px-4 whitespace-pre-line sm:px-0' }, stream.description);
    return [screen, interrupted, top, ...(stream.description === '' ? [] : [description])];
  }

  #say(state: string, node: HTMLElement): void {
    if (this.#shown === state) return;
    this.#clear(state);
    node.setAttribute('role', 'status');
    this.#stage.dataset['stream'] = state;
    this.#stage.replaceChildren(node);
  }

  #clear(next: string): void {
    this.#player?.destroy();
    this.#player = null;
    this.#interrupted = null;
    this.#shown = next;
  }
}

/** Return what says whether the viewer watches live or how far behind, with the way back to live. */
function liveMark(video: HTMLVideoElement): HTMLElement {
  const words = element('span', { class: 'text-sm font-semibold tabular-nums', 'data-live': '' });
  const back = element('button', { class: 'button', type: 'button', hidden: '' }, WORDS.goLive);
  back.addEventListener('click', () => {
    video.currentTime = Math.max(0, newest(video) - HOLD_BACK_S);
    void video.play().catch(() => undefined);
  });
  video.addEventListener('timeupdate', () => {
    const behind_s = newest(video) - video.currentTime;
    const isLive = behind_s < LIVE_WITHIN_S;
    back.hidden = isLive;
    words.dataset['live'] = isLive ? 'yes' : 'no';
    const told = isLive ? WORDS.live : WORDS.behind(formatDuration(behind_s * 1000));
    if (words.textContent !== told) words.textContent = told;
  });
  return element('div', { class: 'flex items-center gap-3' }, words, back);
}

function newest({ seekable }: HTMLVideoElement): number {
  return seekable.length === 0 ? 0 : seekable.end(seekable.length - 1);
}
