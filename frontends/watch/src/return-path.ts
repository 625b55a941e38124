/** Where to go after signing in: back to the page that one came from, and never to another site. */

const MAX_CHARS = 512;
// As the API has it: browsers read a backslash as a slash, and two of them as another host.
const OWN_PATH = /^\/(?![/\\])[!-[\]-~]*$/;
const ACCOUNT_PAGE = /^\/(sign-in|create-account|forgot-password|reset-password|verify-email)(\/|$)/;

/** Return the path that this page's address asks to go to afterwards; the start page where it is not one of ours. */
export function returnPath(): string {
  const wanted = new URLSearchParams(location.search).get('return_to') ?? '/';
  return isOwnPath(wanted) ? wanted : '/';
}

/** Return the address of a page about one's account that leads back here, or where this one would have led. */
export function accountPath(page: string): string {
  const back = isAccountPage(location.pathname) ? returnPath() : location.pathname + location.search;
  const path = `${page}?return_to=${encodeURIComponent(back)}`;
  return back === '/' || !isOwnPath(path) ? page : path;
}

/** Tell whether an address is one of the pages about one's account. */
export function isAccountPage(path: string): boolean {
  return ACCOUNT_PAGE.test(path);
}

function isOwnPath(path: string): boolean {
  return path.length <= MAX_CHARS && OWN_PATH.test(path);
}
