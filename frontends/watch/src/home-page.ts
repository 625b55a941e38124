/** The start page: what this is, and a box for a video's address. */
import { element } from './dom';
import { showPage } from './frame';
import { findVideoId, watchPath } from './video-id';
import { WORDS } from './words';

/** Show the start page. */
export function showHomePage(): void {
  const title = element('h1', { class: 'text-4xl font-bold tracking-tight text-balance sm:text-5xl' }, WORDS.homeTitle);
  const lead = element('p', { class: 'max-w-prose text-lg text-quiet' }, WORDS.homeLead);
  const page = element('div', { class: 'flex flex-col gap-10 px-4 py-10 sm:px-0 sm:py-12' }, element('div', { class: 'flex flex-col gap-4' }, title, lead), finder(), emptyList());
  showPage(null, page);
}

function finder(): HTMLElement {
  const hint = element('p', { id: 'find-hint', class: 'text-sm text-quiet' }, WORDS.findHint);
  const wrong = element('p', { id: 'find-wrong', role: 'alert', class: 'text-sm text-bad empty:hidden' });
  const input = element('input', {
    id: 'find', name: 'video', class: 'field', type: 'text', required: '', autocomplete: 'off', autocapitalize: 'none',
    spellcheck: 'false', 'aria-describedby': 'find-hint find-wrong',
  });
  const label = element('label', { for: 'find', class: 'font-semibold' }, WORDS.findLabel);
  const button = element('button', { class: 'button', type: 'submit' }, WORDS.findButton);
  const row = element('div', { class: 'flex flex-col gap-3 sm:flex-row' }, input, button);
  const form = element('form', { class: 'flex max-w-2xl flex-col gap-2', novalidate: '' }, label, row, hint, wrong);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const videoId = findVideoId(input.value);
    input.setAttribute('aria-invalid', String(videoId === null));
    wrong.textContent = videoId === null ? WORDS.findWrong : '';
    if (videoId === null) input.focus();
    else location.assign(watchPath(videoId));
  });
  return form;
}

function emptyList(): HTMLElement {
  const title = element('h2', { class: 'text-xl font-bold tracking-tight' }, WORDS.emptyTitle);
  const text = element('p', { class: 'max-w-prose text-quiet' }, WORDS.emptyText);
  const command = element('code', { class: 'max-w-full overflow-x-auto rounded-lg border border-line bg-page px-3 py-2 font-mono text-sm', tabindex: '0' }, WORDS.emptyCommand);
  return element('section', { class: 'notice' }, title, text, command);
}
