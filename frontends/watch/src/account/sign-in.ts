/** Sign in, with a password or with an account elsewhere; and create an account. */
import { element } from '../dom';
import { accountPath, returnPath } from '../return-path';
import { expectSession, whoIsSignedIn } from '../session';
import { ACCOUNT_WORDS } from '../words';
import { createAccount, fetchProviders, signIn, startProvider, type Provider } from './calls';
import { linkTo, nextLink, sentence, showCard } from './card';
import { accountForm, type Field } from './form';
import { problemWords, signInErrorWords } from './problem-words';

export const EMAIL: Field = { name: 'email', label: ACCOUNT_WORDS.email, type: 'email', autocomplete: 'username' };
const PASSWORD: Field = { name: 'password', label: ACCOUNT_WORDS.password, type: 'password', autocomplete: 'current-password' };
const NEW_PASSWORD: Field = { ...PASSWORD, autocomplete: 'new-password', hint: ACCOUNT_WORDS.passwordHint };
const NAME: Field = { name: 'display_name', label: ACCOUNT_WORDS.name, type: 'text', autocomplete: 'name', hint: ACCOUNT_WORDS.nameHint, isOptional: true };

/** Show the sign-in page; who is signed in already goes on at once. */
export function showSignInPage(): void {
  const failure = new URLSearchParams(location.search).get('sign_in_error');
  // A sign-in elsewhere comes back to this page, too, with a session and no failure: ask, whatever was noted.
  if (failure === null) expectSession();
  const form = accountForm([EMAIL, PASSWORD], ACCOUNT_WORDS.signIn, async ({ email = '', password = '' }) => {
    await signIn(email, password);
    location.replace(returnPath());
  });
  const failed = failure === null ? null : element('p', { role: 'alert', class: 'text-bad' }, signInErrorWords(failure));
  const create = sentence(`${ACCOUNT_WORDS.noAccount} `, linkTo(accountPath('/create-account'), ACCOUNT_WORDS.createAccount));
  showCard(ACCOUNT_WORDS.signIn, failed, form, linkTo(accountPath('/forgot-password'), ACCOUNT_WORDS.forgot), providerButtons(), create);
  if (failure === null) void goOnIfSignedIn();
}

/** Show the page that makes an account. */
export function showCreateAccountPage(): void {
  const form = accountForm([NAME, EMAIL, NEW_PASSWORD], ACCOUNT_WORDS.createAccount, async ({ email = '', password = '', display_name = '' }) => {
    await createAccount(email, password, display_name);
    card.turn(ACCOUNT_WORDS.createdTitle, sentence(ACCOUNT_WORDS.created(email)), nextLink(returnPath(), ACCOUNT_WORDS.goOn));
  });
  const known = sentence(`${ACCOUNT_WORDS.haveAccount} `, linkTo(accountPath('/sign-in'), ACCOUNT_WORDS.signIn));
  const card = showCard(ACCOUNT_WORDS.createAccount, form, providerButtons(), known);
}

async function goOnIfSignedIn(): Promise<void> {
  const person = await whoIsSignedIn().catch(() => null);
  if (person !== null) location.replace(returnPath());
}

/** Return one button a provider; nothing where none is set up, or the list does not come. */
function providerButtons(): HTMLElement {
  const box = element('div', { class: 'flex w-full flex-col gap-3 empty:hidden' });
  fetchProviders().then(
    (providers) => {
      if (providers.length === 0) return;
      const alert = element('p', { role: 'alert', class: 'text-bad empty:hidden' });
      const or = element('p', { class: 'or' }, ACCOUNT_WORDS.or);
      box.append(or, ...providers.map((provider) => providerButton(provider, alert)), alert);
    },
    () => undefined,
  );
  return box;
}

function providerButton({ id, label }: Provider, alert: HTMLElement): HTMLElement {
  const button = element('button', { type: 'button', class: 'button-quiet w-full' }, ACCOUNT_WORDS.signInWith(label));
  button.addEventListener('click', () => {
    alert.textContent = '';
    // Back to the sign-in page, which tells of a failure and otherwise goes on.
    const back = returnPath() === '/' ? '/sign-in' : accountPath('/sign-in');
    startProvider(id, back).then(
      (address) => location.assign(address),
      (error: unknown) => (alert.textContent = problemWords(error)),
    );
  });
  return button;
}
