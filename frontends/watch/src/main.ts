/** Show the page that the address names; the same document is served for every address. */
import { homeLink, notice, showPage } from './frame';
import { showHomePage } from './home-page';
import type { EngineName } from './player/engine';
import { showWatchPage } from './watch-page';
import { WORDS } from './words';

const ENGINES: readonly EngineName[] = ['hls', 'dash', 'native'];

function show({ pathname, search }: Location): void {
  const path = pathname.replace(/\/+$/, '');
  const watched = /^\/watch\/([^/]+)$/.exec(path)?.[1];
  if (path === '' || path === '/index.html') return showHomePage();
  if (watched === undefined) return showPage(WORDS.unknownTitle, notice(WORDS.unknownTitle, WORDS.unknownText, homeLink()));
  const wanted = new URLSearchParams(search).get('engine');
  showWatchPage(decodeSafely(watched), ENGINES.find((name) => name === wanted) ?? null);
}

function decodeSafely(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % is part of an id that does not exist, which the page will say.
    return part;
  }
}

show(location);
