/** What an engine is: the library, or the browser itself, that feeds a video element from a manifest. */
import type { TroubleKind } from './trouble';

export type EngineName = 'hls' | 'dash' | 'native' | 'shaka' | 'shaka-hls';

/** One choice of the quality menu; `id` means something to its engine only. */
export interface Quality {
  readonly id: string;
  readonly label: string;
  readonly bitrate_bps: number;
}

/** Captions to choose; `id` means something to its engine only. */
export interface Caption {
  readonly id: string;
  readonly label: string;
}

export interface EngineEvents {
  /** Playback cannot go on; the engine is of no more use. `detail` is the engine's own word for it. */
  readonly onTrouble: (kind: TroubleKind, detail: string) => void;
  /** The qualities are known, best first. */
  readonly onQualities: (qualities: readonly Quality[]) => void;
  /** The captions are known. None are shown before one is chosen. */
  readonly onCaptions: (captions: readonly Caption[]) => void;
  /** The picture is now of this quality. */
  readonly onShown: (quality: Quality) => void;
}

export interface Engine {
  /** Stay with one quality, or choose automatically when null. */
  choose(quality: Quality | null): void;
  /** Show captions, or none when null. */
  caption(caption: Caption | null): void;
  /** Let go of the video element. */
  destroy(): void;
}

/** Attach to the element and start loading at `start_s`; null is where a live stream is now. */
export type StartEngine = (
  video: HTMLVideoElement,
  manifestUrl: string,
  start_s: number | null,
  events: EngineEvents,
) => Engine;

/** Return the engine that suits this browser, or null when it can play nothing we serve. */
export function suitableEngine(video: HTMLVideoElement): EngineName | null {
  if ('MediaSource' in globalThis || 'ManagedMediaSource' in globalThis) return 'hls';
  return video.canPlayType('application/vnd.apple.mpegurl') === '' ? null : 'native';
}

/** Load the engine's code, which no other page pays for. */
export async function loadEngine(name: EngineName): Promise<StartEngine> {
  switch (name) {
    case 'hls':
      return (await import('./hls')).startHls;
    case 'dash':
      return (await import('./dash')).startDash;
    case 'native':
      return (await import('./native')).startNative;
    case 'shaka':
    case 'shaka-hls':
      return (await import('./shaka')).startShaka;
  }
}

/** Name a quality by the picture's short side, as people say it: 1080p also for a portrait film. */
export function qualityLabel(width_px: number, height_px: number): string {
  return `${Math.min(width_px, height_px)}p`;
}
