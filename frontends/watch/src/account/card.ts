/** The narrow card in which the pages about one's account stand. */
import { element, type Child } from '../dom';
import { setTitle, showPage } from '../frame';

export interface Card {
  /** Put something else into the card, and the focus on its heading. */
  turn(title: string, ...content: readonly Child[]): void;
}

/** Show a page of one card. */
export function showCard(title: string, ...content: readonly Child[]): Card {
  const box = element('section', { class: 'notice mx-auto max-w-md gap-5 max-sm:rounded-none max-sm:border-x-0' }, heading(title), ...content);
  showPage(title, box);
  return {
    turn: (next, ...others) => {
      const top = heading(next);
      setTitle(next);
      box.replaceChildren(top, ...others.filter((child) => child !== null));
      top.focus();
    },
  };
}

/** Return a sentence or two. */
export function sentence(...content: readonly Child[]): HTMLElement {
  return element('p', { class: 'text-quiet' }, ...content);
}

/** Return a link to another page of ours. */
export function linkTo(path: string, words: string): HTMLElement {
  return element('a', { href: path, class: 'link' }, words);
}

/** Return a link that is the next thing to do. */
export function nextLink(path: string, words: string): HTMLElement {
  return element('a', { href: path, class: 'button' }, words);
}

function heading(title: string): HTMLElement {
  return element('h1', { tabindex: '-1', class: 'text-2xl font-bold tracking-tight text-balance outline-none' }, title);
}
