/** What every page has around its content. */
import { accountArea } from './account-area';
import { element, type Child } from './dom';
import { WORDS } from './words';

/** Put the page on screen: header, content, and the document's title. */
export function showPage(title: string | null, ...content: readonly Child[]): void {
  setTitle(title);
  const skip = element(
    'a',
    { href: '#content', class: 'button sr-only focus:not-sr-only focus:absolute focus:m-2 focus:px-5' },
    WORDS.skip,
  );
  const mark = element('img', { src: '/mark.svg', alt: '', width: '28', height: '28' });
  const brand = element('a', { href: '/', class: 'flex shrink-0 items-center gap-2.5 rounded text-lg font-bold tracking-tight' }, mark, WORDS.brand);
  const header = element('header', { class: 'border-b border-line bg-surface' }, element('div', { class: 'mx-auto flex min-h-14 max-w-6xl items-center justify-between gap-4 px-4' }, brand, accountArea()));
  const main = element('main', { id: 'content', tabindex: '-1', class: 'mx-auto w-full max-w-6xl flex-1 outline-none sm:px-4 sm:py-6' }, ...content);
  document.body.replaceChildren(skip, header, main);
}

/** Name the document; null is the site's own name alone. */
export function setTitle(title: string | null): void {
  document.title = title === null ? WORDS.brand : `${title} – ${WORDS.brand}`;
}

/** Return a framed message with a heading, sentences and whatever can be done. */
export function notice(title: string, sentence: string, ...more: readonly Child[]): HTMLElement {
  return element(
    'section',
    { class: 'notice max-sm:rounded-none max-sm:border-x-0' },
    element('h1', { class: 'text-2xl font-bold tracking-tight text-balance' }, title),
    element('p', { class: 'max-w-prose text-quiet' }, sentence),
    ...more,
  );
}

/** Return the way back to the start page. */
export function homeLink(): HTMLElement {
  return element('a', { href: '/', class: 'link' }, WORDS.goHome);
}

/** Return a button that loads the page again. */
export function reloadButton(): HTMLElement {
  const button = element('button', { class: 'button', type: 'button' }, WORDS.again);
  button.addEventListener('click', () => location.reload());
  return button;
}
