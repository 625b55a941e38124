/** Every sentence that a reader sees, in one place. */
import type { TroubleKind } from './player/trouble';

export const WORDS = {
  brand: 'Millrace',
  skip: 'Skip to content',

  homeTitle: 'Video that you own',
  homeLead:
    'Millrace takes a film, makes every size of it and plays it anywhere: as serverless functions on AWS, and whole on a laptop.',
  findLabel: 'Video address or id',
  findHint: 'Paste what the upload printed. Public videos need no account.',
  findButton: 'Watch',
  findWrong: 'That holds no video id. An id is 26 letters and digits, such as 01k2f3g4h5j6k7m8n9p0q1r2s3.',
  emptyTitle: 'Nothing listed here yet',
  emptyText: 'Videos have no public list for now: whoever has the address can watch. To put one here, upload it from a terminal:',
  emptyCommand: './millrace upload film.mp4 --wait',

  unknownTitle: 'There is no such page',
  unknownText: 'The address leads nowhere. It may be mistyped.',
  goHome: 'Go to the start page',

  loading: 'Looking for the video…',
  missingTitle: 'No video here',
  missingText: 'This video does not exist, was removed, or is private. If it is yours and private, sign in to watch it.',
  privateTitle: 'This video is private',
  privateText: 'Only its owner can watch it, and only when signed in.',
  unreachableTitle: 'Millrace does not answer',
  unreachableText: 'The connection failed or the service is down. This page keeps trying.',
  again: 'Try again',

  uploadingTitle: 'Still uploading',
  uploadingText: 'The file is on its way. This page goes on by itself when it has arrived.',
  processingTitle: 'Getting ready to play',
  processingText: 'Every size is being made. This page plays the video as soon as it can.',
  processingLabel: 'Progress',
  failedTitle: 'This video could not be prepared',
  failedText: 'Something went wrong while the video was prepared.',
  untitled: 'Untitled video',

  player: 'Video player',
  quality: 'Quality',
  qualityAuto: 'Automatic',
  keys: 'Keyboard shortcuts',
} as const;

/** What the viewer is told when playback cannot go on. */
export const TROUBLE_WORDS: Readonly<Record<TroubleKind, string>> = {
  network: 'The connection was lost. Playback goes on when it is back.',
  missing: 'The video’s files are gone. It may have been removed.',
  forbidden: 'You may not watch this video, or the permission has run out. Load the page again.',
  decode: 'This browser could not decode the video.',
  unsupported: 'This browser cannot play this kind of video. A current Chrome, Edge, Firefox or Safari can.',
  broken: 'The video could not be played.',
};

/** The shortcuts, as the help under the player lists them. */
export const KEY_WORDS: ReadonlyArray<readonly [keys: readonly string[], meaning: string]> = [
  [['k', 'Space'], 'Play or pause'],
  [['←', '→'], '5 seconds back or on'],
  [['j', 'l'], '10 seconds back or on'],
  [['↑', '↓'], 'Volume'],
  [['m'], 'Sound off or on'],
  [['f'], 'Full screen'],
  [['0', '…', '9'], 'Jump to a tenth of the film'],
];

/** Write a length as 4:05 or 1:02:03, rounded to the nearest second. */
export function formatDuration(duration_ms: number): string {
  const total_s = Math.round(duration_ms / 1000);
  const parts = [Math.floor(total_s / 3600), Math.floor(total_s / 60) % 60, total_s % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
