/** The watch page: the film when it plays, and in plain words where it stands until then. */
import { signInLink } from './account-area';
import { openPlayback, type Playback, type Video } from './api';
import { ApiProblem } from './call';
import { element } from './dom';
import { followVideo, type Sight } from './follow';
import { homeLink, notice, reloadButton, setTitle, showPage } from './frame';
import type { EngineName } from './player/engine';
import { Player, type Renew } from './player/player';
import { whoIsSignedIn } from './session';
import { formatDuration, KEY_WORDS, WORDS } from './words';

/** Show the video; `engine` is the one that the address asks for. */
export function showWatchPage(videoId: string, engine: EngineName | null): void {
  const stage = element('div', { class: 'flex flex-col gap-6' }, waiting());
  showPage(null, stage);
  let working: Working | null = null;
  void followVideo(videoId, (sight) => {
    const isWorking = sight.kind === 'video' && sight.video.playback === null && sight.video.state !== 'failed';
    if (!isWorking) {
      working = null;
      return showSettled(stage, sight, videoId, engine);
    }
    setTitle(sight.video.title || WORDS.untitled);
    if (working === null) stage.replaceChildren((working = workingNotice()).node);
    working.update(sight.video);
  });
}

function showSettled(stage: HTMLElement, sight: Sight, videoId: string, engine: EngineName | null): void {
  if (sight.kind !== 'video') {
    setTitle(sight.kind === 'missing' ? WORDS.missingTitle : WORDS.unreachableTitle);
    const isMissing = sight.kind === 'missing';
    const words = isMissing
      ? notice(WORDS.missingTitle, WORDS.missingText, waysOn())
      : notice(WORDS.unreachableTitle, WORDS.unreachableText);
    return stage.replaceChildren(asStatus(words));
  }
  const { video } = sight;
  setTitle(video.title || WORDS.untitled);
  if (video.playback === null) {
    const reason = video.failureMessage ?? WORDS.failedText;
    return stage.replaceChildren(asStatus(notice(WORDS.failedTitle, reason, about(video, null))));
  }
  void showFilm(stage, video, video.playback, videoId, engine);
}

async function showFilm(stage: HTMLElement, video: Video, playback: Playback, videoId: string, engine: EngineName | null): Promise<void> {
  const renew: Renew | null = video.isPrivate ? () => openPlayback(videoId) : null;
  let allowed: Playback;
  try {
    // The media of a private video opens only to the cookies that this call brings.
    allowed = renew === null ? playback : await renew();
  } catch (error) {
    const isRefused = error instanceof ApiProblem && error.status < 500;
    const words = isRefused
      ? notice(WORDS.privateTitle, WORDS.privateText, waysOn())
      : notice(WORDS.unreachableTitle, WORDS.unreachableText, reloadButton());
    return stage.replaceChildren(asStatus(words));
  }
  const player = new Player(allowed, engine, renew);
  const screen = element('div', { class: 'aspect-video max-h-[75dvh] w-full overflow-hidden bg-black sm:rounded-xl' }, player.box);
  const picture = element('div', { class: 'flex flex-col' }, screen, player.storyboard);
  stage.replaceChildren(picture, about(video, player.menus), keyHelp());
}

/** Return the ways from a video that does not show itself: it may do so to its owner. */
function waysOn(): HTMLElement {
  const ways = element('div', { class: 'flex flex-wrap items-center gap-x-6' }, homeLink());
  void whoIsSignedIn().then((person) => person === null && ways.prepend(signInLink()), () => undefined);
  return ways;
}

function about(video: Video, control: HTMLElement | null): HTMLElement {
  const heading = control === null ? 'h2' : 'h1';
  const title = element(heading, { class: 'text-xl font-bold tracking-tight sm:text-2xl' }, video.title || WORDS.untitled);
  const length = video.durationMs === null ? null : element('p', { class: 'text-sm text-quiet tabular-nums' }, formatDuration(video.durationMs));
  const top = element('div', { class: 'flex flex-wrap items-center justify-between gap-x-6 gap-y-2' }, title, control);
  const description = video.description === '' ? null : element('p', { class: 'max-w-prose whitespace-pre-line' }, video.description);
  return element('div', { class: control === null ? 'flex flex-col gap-2 pt-2' : 'flex flex-col gap-2 px-4 sm:px-0' }, top, length, description);
}

function keyHelp(): HTMLElement {
  const rows = KEY_WORDS.map(([keys, meaning]) =>
    element(
      'div',
      { class: 'contents' },
      element('dt', { class: 'flex gap-1' }, ...keys.map((key) => element('kbd', { class: 'key' }, key))),
      element('dd', { class: 'text-quiet' }, meaning),
    ),
  );
  const list = element('dl', { class: 'mt-3 grid w-fit grid-cols-[auto_auto] items-center gap-x-6 gap-y-2' }, ...rows);
  const summary = element('summary', { class: 'w-fit cursor-pointer text-quiet hover:text-ink' }, WORDS.keys);
  return element('details', { class: 'px-4 pb-8 text-sm sm:px-0 pointer-coarse:hidden' }, summary, list);
}

interface Working {
  readonly node: HTMLElement;
  update(video: Video): void;
}

/** Return the notice of a video on its way; it changes in place, so that a screen reader says only what is new. */
function workingNotice(): Working {
  const node = asStatus(notice(WORDS.uploadingTitle, WORDS.uploadingText));
  const [title, sentence] = [node.querySelector('h1'), node.querySelector('p')];
  const bar = element('progress', { max: '100', 'aria-label': WORDS.processingLabel });
  const percent = element('span', { class: 'w-14 text-right font-semibold whitespace-nowrap tabular-nums' });
  const meter = element('div', { class: 'flex w-full max-w-xl items-center gap-3' }, bar, percent);
  const film = element('p', { class: 'font-semibold' });
  node.append(meter, film);
  return {
    node,
    update: (video) => {
      const isUploading = video.state === 'uploading';
      if (title !== null) say(title, isUploading ? WORDS.uploadingTitle : WORDS.processingTitle);
      if (sentence !== null) say(sentence, isUploading ? WORDS.uploadingText : WORDS.processingText);
      meter.hidden = isUploading;
      bar.value = video.progressPercent;
      say(percent, `${Math.round(video.progressPercent)}\u00a0%`);
      say(film, video.title || WORDS.untitled);
    },
  };
}

function say(node: HTMLElement, words: string): void {
  if (node.textContent !== words) node.textContent = words;
}

function asStatus(node: HTMLElement): HTMLElement {
  node.setAttribute('role', 'status');
  return node;
}

function waiting(): HTMLElement {
  const screen = element('div', { class: 'aspect-video max-h-[75dvh] w-full bg-line motion-safe:animate-pulse sm:rounded-xl' });
  return element('div', { role: 'status' }, screen, element('span', { class: 'sr-only' }, WORDS.loading));
}
