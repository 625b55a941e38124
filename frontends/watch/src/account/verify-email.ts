/** Prove one's address with the link of a mail, or have another mail sent. */
import { ApiProblem } from '../call';
import { whoIsSignedIn } from '../session';
import { ACCOUNT_WORDS } from '../words';
import { askVerification, verifyEmail } from './calls';
import { nextLink, sentence, showCard, type Card } from './card';
import { accountForm } from './form';
import { dropMailToken, mailToken } from './mail-token';
import { problemWords } from './problem-words';

/** Show the page that the mail's link opens. */
export function showVerifyEmailPage(): void {
  const token = mailToken();
  if (token === null) {
    const card = showCard(ACCOUNT_WORDS.verifyTitle, sentence(ACCOUNT_WORDS.wait));
    return void offerAnother(card, ACCOUNT_WORDS.linkIncomplete);
  }
  // Programs that look into mails open links, too: only a person presses a button.
  const form = accountForm([], ACCOUNT_WORDS.verifyButton, async () => {
    try {
      await verifyEmail(token);
    } catch (error) {
      if (!(error instanceof ApiProblem && error.slug === 'bad-mail-token')) throw error;
      return offerAnother(card, ACCOUNT_WORDS.linkUsed);
    }
    dropMailToken();
    tellVerified(card);
  });
  const card = showCard(ACCOUNT_WORDS.verifyTitle, sentence(ACCOUNT_WORDS.verifyText), form);
}

/** Say why this link does not do, and what does. */
async function offerAnother(card: Card, why: string): Promise<void> {
  const person = await whoIsSignedIn().catch((error: unknown) => problemWords(error));
  if (typeof person === 'string') return card.turn(ACCOUNT_WORDS.linkUselessTitle, sentence(person));
  if (person === null) {
    const words = sentence(`${why} ${ACCOUNT_WORDS.verifySignIn}`);
    return card.turn(ACCOUNT_WORDS.linkUselessTitle, words, nextLink(`/sign-in?return_to=${encodeURIComponent('/verify-email')}`, ACCOUNT_WORDS.signIn));
  }
  if (person.isVerified) return tellVerified(card);
  const form = accountForm([], ACCOUNT_WORDS.verifyAgain, async () => {
    await askVerification();
    card.turn(ACCOUNT_WORDS.mailTitle, sentence(ACCOUNT_WORDS.verifyMail(person.email)));
  });
  card.turn(ACCOUNT_WORDS.verifyTitle, sentence(why), form);
}

function tellVerified(card: Card): void {
  card.turn(ACCOUNT_WORDS.verifiedTitle, sentence(ACCOUNT_WORDS.verified), nextLink('/', ACCOUNT_WORDS.goHome));
}
