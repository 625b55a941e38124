/** The API calls that watching needs, parsed at the edge of the page. */
import { ApiUnreachable, call, field, number, text } from './call';
import { renewing } from './session';

export type VideoState = 'uploading' | 'processing' | 'ready' | 'failed';

export interface Playback {
  readonly hlsUrl: string;
  readonly dashUrl: string;
  readonly posterUrl: string | null;
  readonly storyboardUrl: string | null;
  readonly isLive: boolean;
}

export interface Video {
  readonly title: string;
  readonly description: string;
  readonly isPrivate: boolean;
  readonly state: VideoState;
  readonly progressPercent: number;
  readonly durationMs: number | null;
  readonly failureMessage: string | null;
  readonly playback: Playback | null;
}

/** Return the video; raises ApiProblem (404 for a private one that is not the caller's) or ApiUnreachable. */
export async function fetchVideo(videoId: string): Promise<Video> {
  return parseVideo(await renewing(() => call('GET', `/api/videos/${encodeURIComponent(videoId)}`)));
}

/** Ask for playback of a private video; the answer also sets the cookies that its media demands. */
export async function openPlayback(videoId: string): Promise<Playback> {
  const playback = parsePlayback(await renewing(() => call('POST', `/api/videos/${encodeURIComponent(videoId)}/playback`)));
  if (playback === null) throw new ApiUnreachable('the answer names no media');
  return playback;
}

const STATES: readonly VideoState[] = ['uploading', 'processing', 'ready', 'failed'];

function parseVideo(answer: unknown): Video {
  const state = STATES.find((known) => known === field(answer, 'state'));
  if (state === undefined) throw new ApiUnreachable('the answer is not a video');
  return {
    title: text(answer, 'title') ?? '',
    description: text(answer, 'description') ?? '',
    isPrivate: field(answer, 'visibility') === 'private',
    state,
    progressPercent: Math.min(100, Math.max(0, number(answer, 'progress_percent') ?? 0)),
    durationMs: number(answer, 'duration_ms'),
    failureMessage: text(field(answer, 'failure'), 'message'),
    playback: parsePlayback(field(answer, 'playback')),
  };
}

function parsePlayback(answer: unknown): Playback | null {
  const hlsUrl = text(answer, 'hls_url');
  const dashUrl = text(answer, 'dash_url');
  if (hlsUrl === null || dashUrl === null) return null;
  return { hlsUrl, dashUrl, posterUrl: text(answer, 'poster_url'), storyboardUrl: text(answer, 'storyboard_url'), isLive: false };
}

export type StreamState = 'starting' | 'live' | 'interrupted' | 'ended';

export interface Stream {
  readonly sessionId: string;
  readonly videoId: string;
  readonly title: string;
  readonly description: string;
  readonly isPrivate: boolean;
  readonly state: StreamState;
  readonly reconnectWindowS: number;
}

const STREAM_STATES: readonly StreamState[] = ['starting', 'live', 'interrupted', 'ended'];

/**
 * Return a stream by its id, or what the channel with an @ and its handle streams now: null where that is offline.
 *
 * Raises ApiProblem (404 for one that is not there, or not for the caller) or ApiUnreachable.
 */
export async function fetchStream(name: string): Promise<Stream | null> {
  const named = encodeURIComponent(name);
  if (!name.startsWith('@')) return parseStream(await renewing(() => call('GET', `/api/live/${named}`)));
  const stream = field(await renewing(() => call('GET', `/api/channels/${named}/live`)), 'stream');
  return stream === null || stream === undefined ? null : parseStream(stream);
}

/** Ask for playback of a stream; the answer also sets the cookies that a private one demands. */
export async function openStream(sessionId: string): Promise<Playback> {
  const answer = await renewing(() => call('POST', `/api/live/${encodeURIComponent(sessionId)}/playback`));
  const playback = parsePlayback(answer);
  if (playback === null) throw new ApiUnreachable('the answer names no media');
  return { ...playback, isLive: true };
}

function parseStream(answer: unknown): Stream {
  const state = STREAM_STATES.find((known) => known === field(answer, 'state'));
  const [sessionId, videoId] = [text(answer, 'session_id'), text(answer, 'video_id')];
  if (state === undefined || sessionId === null || videoId === null) throw new ApiUnreachable('the answer is not a stream');
  return {
    sessionId,
    videoId,
    title: text(answer, 'title') ?? '',
    description: text(answer, 'description') ?? '',
    isPrivate: field(answer, 'visibility') === 'private',
    state,
    reconnectWindowS: number(answer, 'reconnect_window_s') ?? 0,
  };
}
