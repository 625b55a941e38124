/** The two API calls that watching needs, parsed at the edge of the page. */

export type VideoState = 'uploading' | 'processing' | 'ready' | 'failed';

export interface Playback {
  readonly hlsUrl: string;
  readonly dashUrl: string;
  readonly posterUrl: string | null;
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

/** The API answered, but not with what was asked; `status` is the HTTP status. */
export class ApiProblem extends Error {
  constructor(readonly status: number) {
    super(`the API answered ${status}`);
  }
}

/** The API could not be reached, or what it sent is not an answer. */
export class ApiUnreachable extends Error {}

/** Return the video; raises ApiProblem (404 for a private one that is not the caller's) or ApiUnreachable. */
export async function fetchVideo(videoId: string): Promise<Video> {
  return parseVideo(await call('GET', `/api/videos/${encodeURIComponent(videoId)}`));
}

/** Ask for playback of a private video; the answer also sets the cookies that its media demands. */
export async function openPlayback(videoId: string): Promise<Playback> {
  const playback = parsePlayback(await call('POST', `/api/videos/${encodeURIComponent(videoId)}/playback`));
  if (playback === null) throw new ApiUnreachable('the answer names no media');
  return playback;
}

async function call(method: string, path: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { method, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(15_000) });
  } catch (error) {
    throw new ApiUnreachable(path, { cause: error });
  }
  if (!response.ok) throw new ApiProblem(response.status);
  try {
    return await response.json();
  } catch (error) {
    throw new ApiUnreachable(path, { cause: error });
  }
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
  return { hlsUrl, dashUrl, posterUrl: text(answer, 'poster_url') };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown, name: string): string | null {
  const found = field(value, name);
  return typeof found === 'string' ? found : null;
}

function number(value: unknown, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}
