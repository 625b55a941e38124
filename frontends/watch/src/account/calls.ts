/** The API calls of the pages about one's account. Sessions travel in cookies, which the API sets. */
import { ApiUnreachable, call, list, text } from '../call';
import { expectSession, forgetSession, noteSession } from '../session';

export interface Provider {
  readonly id: string;
  readonly label: string;
}

export interface PendingLink {
  readonly providerId: string;
  readonly email: string;
}

export async function signIn(email: string, password: string): Promise<void> {
  await call('POST', '/api/auth/sign-in', { email, password, transport: 'cookies' });
  noteSession();
}

export async function createAccount(email: string, password: string, name: string): Promise<void> {
  const named = name === '' ? {} : { display_name: name };
  await call('POST', '/api/auth/register', { email, password, transport: 'cookies', ...named });
  noteSession();
}

export async function verifyEmail(token: string): Promise<void> {
  await call('POST', '/api/auth/verify-email', { token });
}

export async function askVerification(): Promise<void> {
  await call('POST', '/api/auth/email-verification');
}

export async function askReset(email: string): Promise<void> {
  await call('POST', '/api/auth/password-reset', { email });
}

/** Set a new password; it ends every session of the account. */
export async function resetPassword(token: string, newPassword: string): Promise<void> {
  await call('POST', '/api/auth/reset-password', { token, new_password: newPassword });
  forgetSession();
}

export async function fetchProviders(): Promise<readonly Provider[]> {
  const answer = await call('GET', '/api/auth/oauth/providers');
  return list(answer, 'providers').flatMap((one) => {
    const id = text(one, 'provider');
    return id === null ? [] : [{ id, label: text(one, 'label') ?? id }];
  });
}

/** Begin to sign in with a provider; return its address, where the browser has to go. */
export async function startProvider(providerId: string, returnTo: string): Promise<string> {
  const answer = await call('POST', `/api/auth/oauth/${encodeURIComponent(providerId)}`, { return_to: returnTo });
  const address = text(answer, 'authorization_url') ?? '';
  if (!/^https?:\/\//.test(address)) throw new ApiUnreachable('the answer names no page');
  // The way back ends with a session, if it does, without another word to this page.
  expectSession();
  return address;
}

export async function fetchPendingLink(): Promise<PendingLink> {
  const answer = await call('GET', '/api/auth/oauth-link');
  return { providerId: text(answer, 'provider') ?? '', email: text(answer, 'email') ?? '' };
}

export async function confirmLink(password: string): Promise<void> {
  await call('POST', '/api/auth/oauth-link', { password });
  noteSession();
}
