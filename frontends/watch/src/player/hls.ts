/** HLS through hls.js. The full build: the light one has no separate audio, which all our media has. */
import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData, type HlsConfig, type Level } from 'hls.js';
import { qualityLabel, type Engine, type EngineEvents, type Quality } from './engine';
import { troubleOfStatus, type TroubleKind } from './trouble';

/** Twice is enough for a hiccup of the decoder; a third time the media itself is at fault. */
const MEDIA_RECOVERIES = 2;

/** Before its first segment is complete a live stream's playlists are empty, and an encoder may be slow. */
const PATIENT: HlsConfig['playlistLoadPolicy'] = {
  default: {
    ...Hls.DefaultConfig.playlistLoadPolicy.default,
    errorRetry: { maxNumRetry: 12, retryDelayMs: 1_000, maxRetryDelayMs: 1_000 },
  },
};

/** Play an HLS multivariant playlist. */
export function startHls(video: HTMLVideoElement, manifestUrl: string, start_s: number | null, events: EngineEvents): Engine {
  const isLive = start_s === null;
  const hls = new Hls({
    startPosition: start_s ?? -1,
    lowLatencyMode: isLive,
    // Only who may play a little faster comes back to the live edge; a film that still grows has none to come to.
    maxLiveSyncPlaybackRate: isLive ? 1.2 : 1,
    ...(isLive ? { playlistLoadPolicy: PATIENT } : {}),
    // The worker repackages MPEG-TS; our segments are fMP4 already, so it would only cost a download.
    enableWorker: false,
    // No more pixels than the page shows.
    capLevelToPlayerSize: true,
    // A viewer who jumps back a little does not load again; memory stays bounded on long films.
    backBufferLength: 60,
  });
  let recoveries = 0;
  hls.on(Events.MANIFEST_PARSED, () => events.onQualities(hls.levels.map(qualityOf).reverse()));
  hls.on(Events.LEVEL_SWITCHED, (_, { level }) => {
    const shown = hls.levels[level];
    if (shown !== undefined) events.onShown(qualityOf(shown, level));
  });
  hls.on(Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks }) => {
    events.onCaptions(subtitleTracks.map(({ name }, index) => ({ id: String(index), label: name })));
  });
  hls.on(Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const kind = troubleOf(data);
    if (kind === 'decode' && recoveries++ < MEDIA_RECOVERIES) hls.recoverMediaError();
    else events.onTrouble(kind, detailOf(data));
  });
  hls.loadSource(manifestUrl);
  hls.attachMedia(video);
  return {
    choose: (quality) => {
      hls.nextLevel = quality === null ? -1 : Number(quality.id);
    },
    caption: (caption) => {
      hls.subtitleTrack = caption === null ? -1 : Number(caption.id);
      hls.subtitleDisplay = caption !== null;
    },
    destroy: () => hls.destroy(),
  };
}

function qualityOf(level: Level, index: number): Quality {
  return { id: String(index), label: qualityLabel(level.width, level.height), bitrate_bps: level.bitrate };
}

function troubleOf(data: ErrorData): TroubleKind {
  switch (data.type) {
    case ErrorTypes.NETWORK_ERROR:
      return isUnreadable(data) ? 'broken' : troubleOfStatus(data.response?.code);
    case ErrorTypes.MEDIA_ERROR:
      return data.details === ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR ? 'unsupported' : 'decode';
    default:
      return 'broken';
  }
}

function detailOf({ details, error, response, url, frag }: ErrorData): string {
  const address = url ?? frag?.relurl ?? response?.url ?? '';
  return ['hls.js', details, response?.code, error.message, address].filter((word) => word !== undefined && word !== '').join(' ');
}

/** Tell a playlist that arrived but says nothing usable from one that did not arrive; hls.js files both under network. */
function isUnreadable(data: ErrorData): boolean {
  return data.details === ErrorDetails.MANIFEST_PARSING_ERROR || data.details === ErrorDetails.LEVEL_EMPTY_ERROR;
}
