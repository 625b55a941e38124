/** The pages about one's account, by their addresses. Loaded only where one of them is asked for. */
import { showLinkPage } from './link';
import { showForgotPasswordPage, showResetPasswordPage } from './password';
import { showCreateAccountPage, showSignInPage } from './sign-in';
import { showVerifyEmailPage } from './verify-email';

export const ACCOUNT_PAGES: Readonly<Record<string, () => void>> = {
  '/sign-in': showSignInPage,
  '/sign-in/link': () => void showLinkPage(),
  '/create-account': showCreateAccountPage,
  '/forgot-password': showForgotPasswordPage,
  '/reset-password': showResetPasswordPage,
  '/verify-email': showVerifyEmailPage,
};
