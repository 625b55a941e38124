/** DASH through dash.js: for `?engine=dash`, and for whoever wants to check the manifest in a browser. */
import { MediaPlayer, type MediaPlayerErrorEvent, type Representation } from 'dashjs';
import { qualityLabel, type Engine, type EngineEvents, type Quality } from './engine';
import { troubleOfStatus, type TroubleKind } from './trouble';

/** Longer than the end of the sound may lie behind the end of the picture, and than a clock may be off. */
const END_GRACE_S = 0.25;

const OWN_CLOCK = { scheme: 'urn:mpeg:dash:utc:http-iso:2014', value: '/api/live/clock' };

interface PlaybackClock {
  getTimeToStreamEnd(stream?: object | null): number;
}

interface TrackBuffer {
  hasBufferAtTime(at_s: number): boolean;
  getAllRangesWithSafetyFactor(around_s?: number): readonly object[];
}

interface TrackLoader {
  prepareInnerPeriodPlaybackSeeking(seek: object): Promise<void>;
}

/**
 * Leave the end of the film to the browser.
 *
 * dash.js 5.2.1 looks at its own clock five times a second and, if the film is a moment over before the browser says
 * so, stops it there: paused a little before its end, and never ended.
 */
function patientClock(this: { readonly parent: PlaybackClock }): PlaybackClock {
  const { parent } = this;
  const { getTimeToStreamEnd } = parent;
  // Only those calls ask for a stream that reckon what is buffered; they must stay exact.
  return { getTimeToStreamEnd: (stream) => getTimeToStreamEnd(stream) + (stream ? 0 : END_GRACE_S) };
}

/**
 * Keep what is buffered of a track in one piece.
 *
 * dash.js 5.2.1 keeps some of the buffer when a viewer leaves it, and when the viewer comes back, it goes on loading
 * where it loaded last. What lies between is never loaded: the film leaps over it, or a seek close to it never ends.
 */
function wholeBuffer(this: { readonly parent: TrackBuffer }): Partial<TrackBuffer> {
  const { hasBufferAtTime, getAllRangesWithSafetyFactor: rangesToClear } = this.parent;
  // Only a seek names a place. What arrived there meanwhile stays: the browser may be decoding it already.
  return { getAllRangesWithSafetyFactor: (seek_s) => (hasBufferAtTime(seek_s ?? NaN) ? [] : rangesToClear()) };
}

/**
 * End one seek before the next begins.
 *
 * In dash.js 5.2.1 a seek, as of a dragged bar, that comes while the one before still clears the buffer relies on what
 * is about to be cleared, or waits for ever for its own turn to clear: nothing is loaded for it.
 */
function orderlySeeks(this: { readonly parent: TrackLoader }): TrackLoader {
  const { prepareInnerPeriodPlaybackSeeking: prepare } = this.parent;
  let last = Promise.resolve();
  return { prepareInnerPeriodPlaybackSeeking: (seek) => (last = last.then(() => prepare(seek))) };
}

/** Play a DASH manifest. */
export function startDash(video: HTMLVideoElement, manifestUrl: string, start_s: number | null, events: EngineEvents): Engine {
  const player = MediaPlayer().create();
  player.extend('PlaybackController', patientClock, true);
  player.extend('BufferController', wholeBuffer, true);
  player.extend('StreamProcessor', orderlySeeks, true);
  const happened = MediaPlayer.events;
  player.updateSettings({
    debug: { logLevel: 0 },
    streaming: {
      text: { defaultEnabled: false },
      abr: { limitBitrateByPortal: true, usePixelRatioInLimitBitrateByPortal: true },
      // A second apart: an origin that falters for less than that many seconds is waited for.
      retryAttempts: { InitializationSegment: 8, MediaSegment: 8, MPD: 8 },
      retryIntervals: { MPD: 1000 },
      // A film that grows names no clock, and dash.js 5.2.1 would ask one of somebody else's.
      utcSynchronization: { defaultTimingSource: OWN_CLOCK },
    },
  });
  player.on(happened.STREAM_INITIALIZED, () => {
    // dash.js 5.2.1 asks for newer manifests once it has heard the element's "play", and that may have come before it
    // listened: what is live, or grows, would end where it was.
    if (!video.paused) video.dispatchEvent(new Event('play'));
    const best = player.getRepresentationsByType('video').toSorted((a, b) => b.bandwidth - a.bandwidth);
    events.onQualities(best.map(qualityOf));
    const shown = player.getCurrentRepresentationForType('video');
    if (shown !== null) events.onShown(qualityOf(shown));
  });
  player.on(happened.TEXT_TRACKS_ADDED, ({ tracks }) => {
    events.onCaptions(tracks.map(({ labels, lang }, index) => ({ id: String(index), label: labels[0]?.text ?? lang ?? '' })));
  });
  player.on(happened.QUALITY_CHANGE_RENDERED, ({ mediaType, newRepresentation }) => {
    if (mediaType === 'video') events.onShown(qualityOf(newRepresentation));
  });
  player.on(happened.ERROR, (event) => {
    if (!('error' in event)) return events.onTrouble('broken', 'dash.js');
    const { error } = event as MediaPlayerErrorEvent;
    const kind = troubleOf(error);
    if (kind !== null) events.onTrouble(kind, `dash.js ${error.code} ${error.message}`);
  });
  player.initialize(video, manifestUrl, false, ...(start_s === null ? [] : [start_s]));
  return {
    choose: (quality) => {
      player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: quality === null } } } });
      // Replacing what is buffered shows the choice at once, not after half a minute.
      if (quality !== null) player.setRepresentationForTypeById('video', quality.id, true);
    },
    // dash.js 5.2.1 loads captions while the film runs: what is chosen in a pause is shown when it goes on.
    caption: (caption) => {
      player.enableText(caption !== null);
      player.setTextTrack(caption === null ? -1 : Number(caption.id));
    },
    destroy: () => player.destroy(),
  };
}

function qualityOf(representation: Representation): Quality {
  const { id, width, height, bandwidth } = representation;
  return { id, label: qualityLabel(width, height), bitrate_bps: bandwidth };
}

/** Return the kind of a dash.js error, or null for one that playback survives. */
function troubleOf(error: MediaPlayerErrorEvent['error']): TroubleKind | null {
  switch (error.code as number) {
    // 2–4: the media element's own codes.
    case 2:
      return 'network';
    case 3:
    case 20: // a source buffer refused a segment
      return 'decode';
    case 4:
    case 23: // no Media Source Extensions
    case 32: // no stream that this browser decodes
      return 'unsupported';
    case 11: // manifest
    case 15: // segment index
    case 17: // segment
    case 25: // manifest
    case 26: // segment index
    case 27: // segment
    case 28: // init segment
      return troubleOfStatus(statusOf(error.data));
    case 16: // time server: only live needs one
    case 24: // no encrypted media
    case 33: // captions
      return null;
    default:
      return 'broken';
  }
}

function statusOf(data: unknown): number | undefined {
  if (typeof data !== 'object' || data === null || !('response' in data)) return undefined;
  const { response } = data;
  if (typeof response !== 'object' || response === null || !('status' in response)) return undefined;
  return typeof response.status === 'number' ? response.status : undefined;
}
