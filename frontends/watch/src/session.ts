/**
 * Who is signed in. The tokens are cookies that no script can read, so the API is asked; a note in the browser's
 * storage spares those who never signed in that question.
 */
import { ApiProblem, ApiUnreachable, call, field, text } from './call';

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly isVerified: boolean;
}

const NOTE = 'millrace-signed-in';

const changes = new EventTarget();
let asked: Promise<Person | null> | null = null;
let renewal: Promise<boolean> | null = null;

/** Return who is signed in, or null; asks once a page. Raises ApiProblem or ApiUnreachable. */
export function whoIsSignedIn(): Promise<Person | null> {
  return (asked ??= mayBeSignedIn() ? ask() : Promise.resolve(null));
}

/** Call `react` whenever a session begins or ends on this page. */
export function onSessionChange(react: () => void): void {
  changes.addEventListener('change', react);
}

/** Note that this browser has a session. */
export function noteSession(): void {
  expectSession();
  changes.dispatchEvent(new Event('change'));
}

/** Note that this browser may have a session: it leaves for another site to get one, or comes back with it. */
export function expectSession(): void {
  asked = null;
  keepNote((storage) => storage.setItem(NOTE, '1'));
}

/** Note that this browser has no session any more. */
export function forgetSession(): void {
  asked = null;
  keepNote((storage) => storage.removeItem(NOTE));
  changes.dispatchEvent(new Event('change'));
}

/** End the session; raises ApiProblem or ApiUnreachable. */
export async function signOut(): Promise<void> {
  await call('POST', '/api/auth/sign-out');
  forgetSession();
}

/**
 * Do what `attempt` does; once more with a fresh access token if it is refused and there may be a session.
 *
 * An access token lasts 15 minutes, and without one the API does not own up to what is private: 404.
 */
export async function renewing<Result>(attempt: () => Promise<Result>): Promise<Result> {
  try {
    return await attempt();
  } catch (error) {
    const couldHelp = error instanceof ApiProblem && [401, 404].includes(error.status) && mayBeSignedIn();
    if (!couldHelp || !(await renew())) throw error;
    return attempt();
  }
}

/** Read an account from an answer; raises ApiUnreachable where there is none. */
export function parsePerson(answer: unknown): Person {
  const email = text(answer, 'email');
  if (email === null) throw new ApiUnreachable('the answer is not an account');
  return { name: text(answer, 'display_name') || email, email, isVerified: field(answer, 'email_verified') === true };
}

async function ask(): Promise<Person | null> {
  try {
    return parsePerson(await renewing(() => call('GET', '/api/users/me')));
  } catch (error) {
    if (error instanceof ApiProblem && [401, 404].includes(error.status)) return null;
    throw error;
  }
}

/** Exchange the refresh token once, whoever asks; false where the session is over or nothing answers. */
function renew(): Promise<boolean> {
  renewal ??= exchange().finally(() => (renewal = null));
  return renewal;
}

async function exchange(): Promise<boolean> {
  try {
    await call('POST', '/api/auth/refresh', {});
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && [401, 403].includes(error.status)) forgetSession();
    return false;
  }
}

function mayBeSignedIn(): boolean {
  try {
    return localStorage.getItem(NOTE) !== null;
  } catch {
    // A browser that keeps no notes may well keep cookies.
    return true;
  }
}

function keepNote(change: (storage: Storage) => void): void {
  try {
    change(localStorage);
  } catch {
    // Without a note the API is asked on each page.
  }
}
