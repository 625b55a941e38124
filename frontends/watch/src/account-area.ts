/** The corner of the header that says who is signed in. */
import { element } from './dom';
import { accountPath } from './return-path';
import { onSessionChange, signOut, whoIsSignedIn } from './session';
import { ACCOUNT_WORDS } from './words';

/** Return the corner; it fills itself when it is known who is signed in. */
export function accountArea(): HTMLElement {
  const area = element('div', { class: 'flex min-w-0 items-center gap-3 text-sm' });
  const fill = (): void => {
    whoIsSignedIn().then(
      (person) => area.replaceChildren(...(person === null ? [signInLink()] : [nameOf(person.name), signOutButton(area)])),
      // Nobody knows at the moment; the page itself says what does not answer.
      () => area.replaceChildren(signInLink()),
    );
  };
  onSessionChange(fill);
  fill();
  return area;
}

/** Return the way to the sign-in page, and from there back to this one. */
export function signInLink(): HTMLElement {
  return element('a', { href: accountPath('/sign-in'), class: 'link inline-flex min-h-11 items-center whitespace-nowrap' }, ACCOUNT_WORDS.signIn);
}

function nameOf(name: string): HTMLElement {
  const label = element('span', { class: 'text-quiet max-sm:sr-only' }, `${ACCOUNT_WORDS.signedInAs} `);
  return element('p', { class: 'min-w-0 truncate', title: name }, label, element('span', { class: 'font-semibold' }, name));
}

function signOutButton(area: HTMLElement): HTMLElement {
  const button = element('button', { type: 'button', class: 'button-quiet px-3' }, ACCOUNT_WORDS.signOut);
  button.addEventListener('click', () => {
    button.disabled = true;
    signOut().then(
      // What is private goes from the screen, too.
      () => location.reload(),
      () => {
        button.disabled = false;
        area.querySelector('p')?.replaceChildren(element('span', { role: 'alert', class: 'text-bad' }, ACCOUNT_WORDS.signOutFailed));
      },
    );
  });
  return button;
}
