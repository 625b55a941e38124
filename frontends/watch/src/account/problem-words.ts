/** What went wrong, in words for whoever filled in the form. */
import { ApiProblem } from '../call';
import { ACCOUNT_WORDS, formatWait, SIGN_IN_ERROR_WORDS } from '../words';

/** Say why a call was refused. The API explains itself in sentences; where it does not, or for programs only, we do. */
export function problemWords(error: unknown): string {
  if (!(error instanceof ApiProblem)) return ACCOUNT_WORDS.unreachable;
  if (error.status === 429) return formatWait(error.retryAfter_s);
  if (error.slug === 'cross-site') return ACCOUNT_WORDS.crossSite;
  if (error.status >= 500) return ACCOUNT_WORDS.down;
  return error.detail === '' ? ACCOUNT_WORDS.refused : error.detail;
}

/** Say why signing in elsewhere failed; `slug` comes from the page's address, so it is never shown itself. */
export function signInErrorWords(slug: string): string {
  return SIGN_IN_ERROR_WORDS.get(slug) ?? ACCOUNT_WORDS.elsewhereFailed;
}
