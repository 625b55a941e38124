/** Video ids: lower-case ULIDs, read from what a person pastes and from the page's own address. */

const ULID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Return the video id in a pasted id, watch address or media address, or null when there is none. */
export function findVideoId(pasted: string): string | null {
  const words = pasted.trim().toLowerCase().split(/[/?#&=\s]+/);
  return words.find((word) => ULID.test(word)) ?? null;
}

/** Return the address of the page that shows the video. */
export function watchPath(videoId: string): string {
  return `/watch/${encodeURIComponent(videoId)}`;
}
