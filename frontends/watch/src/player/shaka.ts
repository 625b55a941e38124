/** Shaka Player, for `?engine=shaka` (DASH) and `?engine=shaka-hls`: a third opinion on what we publish. */
import shaka from 'shaka-player/dist/shaka-player.compiled-es2021';
import { qualityLabel, type Caption, type Engine, type EngineEvents, type Quality } from './engine';
import { troubleOfStatus, type TroubleKind } from './trouble';

/** A failed request that carries the server's status: its data is [address, status, …]. */
const BAD_HTTP_STATUS = 1001;
/** A newer load, or the end of this player, stopped what was going on. */
const STOPPED = 7000;
/** No rendition of the film suits this browser. */
const NOTHING_PLAYABLE = 4032;

const LIVE = {
  lowLatencyMode: true,
  // Parts are asked for before they are there; the next try is a third of a part later.
  retryParameters: { maxAttempts: 30, baseDelay: 100, backoffFactor: 1, fuzzFactor: 0.2 },
  // Who fell behind comes back to the edge.
  liveSync: { enabled: true, maxPlaybackRate: 1.2 },
};

/** Play a DASH manifest or an HLS playlist. */
export function startShaka(video: HTMLVideoElement, manifestUrl: string, start_s: number | null, events: EngineEvents): Engine {
  const player = new shaka.Player();
  shaka.polyfill.installAll();
  exactOffsets();
  player.configure({ abr: { restrictToElementSize: true }, streaming: start_s === null ? LIVE : { retryParameters: { maxAttempts: 5 } } });
  player.addEventListener('error', (event) => report(problemOf(event)));
  player.addEventListener('adaptation', showQuality);
  player.addEventListener('variantchanged', showQuality);
  let mayAppendAgain = false;
  player.getNetworkingEngine()?.registerResponseFilter((_type, _response, context) => {
    if (context?.stream?.type === 'text') setTimeout(appendAgain, CUES_MS);
  });
  void load();

  async function load(): Promise<void> {
    try {
      await player.attach(video);
      await player.load(manifestUrl, start_s);
    } catch (error) {
      return report(error);
    }
    events.onQualities(player.getVariantTracks().toSorted((a, b) => b.bandwidth - a.bandwidth).map(qualityOf));
    events.onCaptions(player.getTextTracks().map(captionOf));
    showQuality();
  }

  function showQuality(): void {
    const shown = player.getVariantTracks().find(({ active }) => active);
    if (shown !== undefined) events.onShown(qualityOf(shown));
  }

  /**
   * Load the pictures ahead once more where captions wait for them.
   *
   * Shaka 5.2.12 learns from the next pictures that it appends where an HLS playlist's captions belong, and of a film that is
   * buffered to its end there are none.
   */
  function appendAgain(): void {
    const { buffered, duration, textTracks } = video;
    const isWhole = buffered.length > 0 && buffered.end(buffered.length - 1) > duration - END_GRACE_S;
    const areThere = [...textTracks].some(({ mode, cues }) => mode === 'showing' && cues !== null && cues.length > 0);
    const shown = player.getVariantTracks().find(({ active }) => active);
    if (!mayAppendAgain || !isWhole || areThere || shown === undefined) return;
    mayAppendAgain = false;
    player.selectVariantTrack(shown, true, KEPT_S);
  }

  function report(error: unknown): void {
    const kind = troubleOf(error);
    if (kind !== null) events.onTrouble(kind, detailOf(error));
  }

  return {
    choose: (quality) => {
      player.configure({ abr: { enabled: quality === null } });
      const track = player.getVariantTracks().find(({ id }) => String(id) === quality?.id);
      // Clearing what is buffered shows the choice at once.
      if (track !== undefined) player.selectVariantTrack(track, true);
    },
    caption: (caption) => {
      mayAppendAgain = true;
      player.selectTextTrack(player.getTextTracks().find(({ id }) => String(id) === caption?.id) ?? null);
    },
    destroy: () => void player.destroy(),
  };
}

/** What is loaded once more begins that far ahead, so that nothing stalls. */
const KEPT_S = 1;
/** Cues are there that long after their file is, if they are not held back. */
const CUES_MS = 200;
/** Sound and picture do not end in the same moment. */
const END_GRACE_S = 0.1;

let areOffsetsExact = false;

/**
 * Let a source buffer tell the offset that it was given.
 *
 * Shaka 5.2.12 adds a millisecond to a negative `timestampOffset`, finds it a millisecond off with the next part of an HLS
 * playlist, and sets it anew; each time the buffer forgets where it is, and drops all parts up to the next key frame.
 */
function exactOffsets(): void {
  if (areOffsetsExact || !('SourceBuffer' in globalThis)) return;
  areOffsetsExact = true;
  const { get, set } = Object.getOwnPropertyDescriptor(SourceBuffer.prototype, 'timestampOffset') ?? {};
  const added_s = new WeakMap<SourceBuffer, number>();
  Object.defineProperty(SourceBuffer.prototype, 'timestampOffset', {
    configurable: true,
    enumerable: true,
    get(this: SourceBuffer) {
      return Number(get?.call(this)) - (added_s.get(this) ?? 0);
    },
    set(this: SourceBuffer, offset_s: number) {
      set?.call(this, offset_s);
      added_s.set(this, offset_s < 0 ? 0.001 : 0);
    },
  });
}

function qualityOf({ id, width, height, bandwidth }: shaka.extern.Track): Quality {
  return { id: String(id), label: qualityLabel(width ?? 0, height ?? 0), bitrate_bps: bandwidth };
}

function captionOf({ id, label, language }: shaka.extern.TextTrack): Caption {
  return { id: String(id), label: label ?? language };
}

function detailOf(error: unknown): string {
  if (!(error instanceof shaka.util.Error)) return `Shaka ${String(error)}`;
  const { code, data } = error as { code: number; data: readonly unknown[] };
  return ['Shaka', code, ...data.filter((each) => ['string', 'number'].includes(typeof each)).slice(0, 3)].join(' ');
}

function problemOf(event: Event): unknown {
  return 'detail' in event ? event.detail : event;
}

/** Return the kind of an error of Shaka's, or null for one that playback survives. */
function troubleOf(error: unknown): TroubleKind | null {
  if (!(error instanceof shaka.util.Error)) return 'broken';
  const { category, code, severity, data } = error as { category: number; code: number; severity: number; data: readonly unknown[] };
  if (code === STOPPED || severity !== Number(shaka.util.Error.Severity.CRITICAL)) return null;
  if (code === NOTHING_PLAYABLE) return 'unsupported';
  switch (category) {
    case Number(shaka.util.Error.Category.NETWORK):
      return troubleOfStatus(code === BAD_HTTP_STATUS && typeof data[1] === 'number' ? data[1] : undefined);
    case Number(shaka.util.Error.Category.MEDIA):
      return 'decode';
    default:
      return 'broken';
  }
}
