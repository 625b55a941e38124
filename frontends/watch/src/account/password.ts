/** A forgotten password: ask for the mail, and set a new one with its link. */
import { ApiProblem } from '../call';
import { accountPath } from '../return-path';
import { ACCOUNT_WORDS } from '../words';
import { askReset, resetPassword } from './calls';
import { linkTo, nextLink, sentence, showCard, type Card } from './card';
import { accountForm, type Field } from './form';
import { dropMailToken, mailToken } from './mail-token';
import { EMAIL } from './sign-in';

const NEW_PASSWORD: Field = {
  name: 'new_password', label: ACCOUNT_WORDS.newPassword, type: 'password', autocomplete: 'new-password', hint: ACCOUNT_WORDS.passwordHint,
};

/** Show the page that has the mail sent. */
export function showForgotPasswordPage(): void {
  const form = accountForm([EMAIL], ACCOUNT_WORDS.forgotButton, async ({ email = '' }) => {
    await askReset(email);
    card.turn(ACCOUNT_WORDS.mailTitle, sentence(ACCOUNT_WORDS.forgotDone(email)), linkTo(accountPath('/sign-in'), ACCOUNT_WORDS.backToSignIn));
  });
  const card = showCard(ACCOUNT_WORDS.forgotTitle, sentence(ACCOUNT_WORDS.forgotText), form, linkTo(accountPath('/sign-in'), ACCOUNT_WORDS.backToSignIn));
}

/** Show the page that the mail's link opens. */
export function showResetPasswordPage(): void {
  const token = mailToken();
  if (token === null) {
    const card = showCard(ACCOUNT_WORDS.resetTitle);
    return tellUseless(card, ACCOUNT_WORDS.linkIncomplete);
  }
  const form = accountForm([NEW_PASSWORD], ACCOUNT_WORDS.resetButton, async (values) => {
    try {
      await resetPassword(token, values['new_password'] ?? '');
    } catch (error) {
      if (!(error instanceof ApiProblem && error.slug === 'bad-mail-token')) throw error;
      return tellUseless(card, ACCOUNT_WORDS.linkUsed);
    }
    dropMailToken();
    card.turn(ACCOUNT_WORDS.resetDoneTitle, sentence(ACCOUNT_WORDS.resetDone), nextLink('/sign-in', ACCOUNT_WORDS.signIn));
  });
  const card = showCard(ACCOUNT_WORDS.resetTitle, sentence(ACCOUNT_WORDS.resetText), form);
}

function tellUseless(card: Card, why: string): void {
  card.turn(ACCOUNT_WORDS.linkUselessTitle, sentence(why), nextLink('/forgot-password', ACCOUNT_WORDS.forgotButton));
}
