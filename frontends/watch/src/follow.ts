/** Follow a video until it no longer changes. */
import { fetchVideo, type Video } from './api';
import { ApiProblem } from './call';

export type Sight =
  | { readonly kind: 'video'; readonly video: Video }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreachable' };

const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 8_000;

/** Call `show` with each sight of the video, until it can be played, has failed or is not there. */
export async function followVideo(videoId: string, show: (sight: Sight) => void): Promise<void> {
  let wait_ms = SHORTEST_WAIT_MS;
  for (;;) {
    const sight = await look(videoId);
    show(sight);
    if (isSettled(sight)) return;
    await pause(wait_ms);
    await untilVisible();
    // A short film is ready in seconds; a long one is not worth a request a second.
    wait_ms = Math.min(LONGEST_WAIT_MS, wait_ms * 1.2);
  }
}

async function look(videoId: string): Promise<Sight> {
  try {
    return { kind: 'video', video: await fetchVideo(videoId) };
  } catch (error) {
    const isGone = error instanceof ApiProblem && [401, 403, 404, 410, 422].includes(error.status);
    return { kind: isGone ? 'missing' : 'unreachable' };
  }
}

function isSettled(sight: Sight): boolean {
  switch (sight.kind) {
    case 'missing':
      return true;
    case 'unreachable':
      return false;
    case 'video':
      return sight.video.playback !== null || sight.video.state === 'failed';
  }
}

function pause(wait_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, wait_ms));
}

function untilVisible(): Promise<void> {
  return new Promise((resolve) => {
    if (!document.hidden) return resolve();
    const onChange = (): void => {
      document.removeEventListener('visibilitychange', onChange);
      resolve();
    };
    document.addEventListener('visibilitychange', onChange);
  });
}
