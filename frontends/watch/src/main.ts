/** Show the page that the address names; the same document is served for every address. */
import { homeLink, notice, reloadButton, showPage } from './frame';
import { showHomePage } from './home-page';
import { showLivePage } from './live-page';
import type { EngineName } from './player/engine';
import { isAccountPage } from './return-path';
import { showWatchPage } from './watch-page';
import { WORDS } from './words';

const ENGINES: readonly EngineName[] = ['hls', 'dash', 'native', 'shaka', 'shaka-hls'];

function show({ pathname, search }: Location): void {
  const path = pathname.replace(/\/+$/, '');
  const watched = /^\/watch\/([^/]+)$/.exec(path)?.[1];
  const live = /^\/live\/([^/]+)$/.exec(path)?.[1];
  if (path === '' || path === '/index.html') return showHomePage();
  if (isAccountPage(path)) return void showAccountPage(path);
  const wanted = new URLSearchParams(search).get('engine');
  const engine = ENGINES.find((name) => name === wanted) ?? null;
  if (watched !== undefined) return showWatchPage(decodeSafely(watched), engine);
  if (live !== undefined) return showLivePage(decodeSafely(live), engine);
  showUnknown();
}

async function showAccountPage(path: string): Promise<void> {
  const pages = await import('./account/pages').catch(() => null);
  if (pages === null) return showPage(WORDS.unreachableTitle, notice(WORDS.unreachableTitle, WORDS.notLoadedText, reloadButton()));
  (pages.ACCOUNT_PAGES[path] ?? showUnknown)();
}

function showUnknown(): void {
  showPage(WORDS.unknownTitle, notice(WORDS.unknownTitle, WORDS.unknownText, homeLink()));
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
