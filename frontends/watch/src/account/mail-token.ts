/** The token of a mail's link. It stands behind the #, which browsers send to nobody. */

/** Return the token in the page's address, or null. */
export function mailToken(): string | null {
  // Another mail's link in the same tab changes the fragment only: the page would go on with the old token.
  window.addEventListener('hashchange', () => {
    if (location.hash !== '') location.reload();
  });
  return new URLSearchParams(location.hash.slice(1)).get('token') || null;
}

/** Take a token that is used up out of the address and the history. */
export function dropMailToken(): void {
  history.replaceState(null, '', location.pathname);
}
