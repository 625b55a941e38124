/** Consent that an account elsewhere opens one's own from now on. */
import { ApiProblem } from '../call';
import { returnPath } from '../return-path';
import { ACCOUNT_WORDS } from '../words';
import { confirmLink, fetchPendingLink, fetchProviders } from './calls';
import { linkTo, nextLink, sentence, showCard, type Card } from './card';
import { accountForm } from './form';
import { problemWords } from './problem-words';

/** Show what waits for consent, and ask for the password of the account here. */
export async function showLinkPage(): Promise<void> {
  const card = showCard(ACCOUNT_WORDS.linkTitle, sentence(ACCOUNT_WORDS.wait));
  try {
    const { providerId, email } = await fetchPendingLink();
    const providers = await fetchProviders().catch(() => []);
    const label = providers.find(({ id }) => id === providerId)?.label ?? providerId;
    showConsent(card, label, email);
  } catch (error) {
    const words = error instanceof ApiProblem && error.status === 404 ? ACCOUNT_WORDS.nothingToLink : problemWords(error);
    card.turn(ACCOUNT_WORDS.linkTitle, sentence(words), nextLink('/sign-in', ACCOUNT_WORDS.signIn));
  }
}

function showConsent(card: Card, label: string, email: string): void {
  const password = { name: 'password', label: ACCOUNT_WORDS.linkPassword, type: 'password', autocomplete: 'current-password' } as const;
  const form = accountForm([password], ACCOUNT_WORDS.linkButton(label), async (values) => {
    await confirmLink(values['password'] ?? '');
    location.replace(returnPath());
  });
  const forgot = linkTo('/forgot-password', ACCOUNT_WORDS.linkNoPassword);
  card.turn(ACCOUNT_WORDS.linkTitle, sentence(ACCOUNT_WORDS.linkText(label, email)), form, forgot, linkTo('/', ACCOUNT_WORDS.linkRefuse));
}
