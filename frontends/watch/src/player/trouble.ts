/** Why playback cannot go on, as kinds that each have their own words. */

export type TroubleKind =
  /** Requests fail or time out: waiting may help. */
  | 'network'
  /** The media answers 404 or 410. */
  | 'missing'
  /** The media answers 401 or 403: no permission, or its cookies ran out. */
  | 'forbidden'
  /** The browser gave up decoding. */
  | 'decode'
  /** The browser lacks the codec or Media Source Extensions. */
  | 'unsupported'
  /** The media is not what it should be, or the engine failed. */
  | 'broken';

/** Return the kind of a failed request; no status (0 or undefined) is a connection that failed. */
export function troubleOfStatus(status: number | undefined): TroubleKind {
  switch (status) {
    case 401:
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return 'missing';
    default:
      return 'network';
  }
}
