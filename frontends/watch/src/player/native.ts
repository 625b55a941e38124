/** HLS by the browser itself: iPhones and others without Media Source Extensions. */
import type { Engine, EngineEvents } from './engine';
import type { TroubleKind } from './trouble';

/** Give the playlist to the element; the browser chooses the quality and offers no menu. */
export function startNative(video: HTMLVideoElement, manifestUrl: string, start_s: number | null, events: EngineEvents): Engine {
  const attached = new AbortController();
  const { signal } = attached;
  video.addEventListener('error', () => events.onTrouble(troubleOf(video.error), `media element ${video.error?.code ?? ''}: ${video.error?.message ?? ''}`), { signal });
  if (start_s !== null) video.addEventListener('loadedmetadata', () => (video.currentTime = start_s), { signal, once: true });
  const offer = (): void => events.onCaptions([...video.textTracks].map(({ label }, index) => ({ id: String(index), label })));
  video.textTracks.addEventListener('addtrack', offer, { signal });
  video.src = manifestUrl;
  return {
    choose: () => undefined,
    caption: (caption) => {
      [...video.textTracks].forEach((track, index) => (track.mode = String(index) === caption?.id ? 'showing' : 'disabled'));
    },
    destroy: () => {
      attached.abort();
      video.removeAttribute('src');
      video.load();
    },
  };
}

function troubleOf(error: MediaError | null): TroubleKind {
  switch (error?.code) {
    case MediaError.MEDIA_ERR_NETWORK:
      return 'network';
    case MediaError.MEDIA_ERR_DECODE:
      return 'decode';
    case MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED:
      return 'unsupported';
    default:
      return 'broken';
  }
}
