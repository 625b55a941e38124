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
  notLoadedText: 'A part of this page did not arrive. The connection may be down.',
  again: 'Try again',

  uploadingTitle: 'Still uploading',
  uploadingText: 'The file is on its way. This page goes on by itself when it has arrived.',
  processingTitle: 'Getting ready to play',
  processingText: 'Every size is being made. This page plays the video as soon as it can.',
  processingLabel: 'Progress',
  failedTitle: 'This video could not be prepared',
  failedText: 'Something went wrong while the video was prepared.',
  untitled: 'Untitled video',

  liveLoading: 'Looking for the stream…',
  offlineTitle: 'Nobody is live here',
  offlineText: 'The channel is offline. This page goes on by itself when it goes live.',
  startingTitle: 'About to begin',
  startingText: 'The first pictures are on their way.',
  interrupted: (seconds: number) => `The stream was interrupted. It goes on if the streamer is back within ${seconds} seconds.`,
  endedTitle: 'The stream has ended',
  endedText: 'It can be watched as a video now.',
  endedLink: 'Watch the recording',
  noStreamTitle: 'No stream here',
  noStreamText: 'This stream does not exist, nothing of it was kept, or it is private. If it is yours and private, sign in to watch it.',
  live: 'Live',
  behind: (time: string) => `${time} behind live`,
  goLive: 'Go to live',

  player: 'Video player',
  quality: 'Quality',
  qualityAuto: 'Automatic',
  captions: 'Captions',
  captionsOff: 'Off',
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

/** What the pages about one's account say, and the corner of the header. */
export const ACCOUNT_WORDS = {
  signIn: 'Sign in',
  signOut: 'Sign out',
  signedInAs: 'Signed in as',
  signOutFailed: 'That did not work. Try again.',
  goOn: 'Go on',
  goHome: 'Go to the start page',
  or: 'or',
  wait: 'One moment…',

  email: 'Email address',
  password: 'Password',
  newPassword: 'New password',
  passwordHint: 'At least 10 characters. A few words that only you put together are good.',
  name: 'Name',
  nameHint: 'What others see. You can leave this out.',
  missing: { email: 'Enter your email address.', password: 'Enter a password.', text: 'Enter something here.' },
  signInWith: (provider: string) => `Sign in with ${provider}`,
  forgot: 'Forgot your password?',
  noAccount: 'New here?',
  haveAccount: 'Have an account already?',
  createAccount: 'Create account',
  createdTitle: 'Your account is ready',
  created: (email: string) => `You are signed in. A mail to ${email} is on its way: open the link in it to confirm that the address is yours.`,

  mailTitle: 'Look at your mail',
  linkUselessTitle: 'This link does not work',
  linkUsed: 'It has been used already or is too old.',
  linkIncomplete: 'The address holds no key from a mail. Open the link in the mail again, or copy all of it.',

  verifyTitle: 'Confirm your email address',
  verifyText: 'Press the button if you made an account here. If you did not, close this page: nothing happens.',
  verifyButton: 'Confirm my address',
  verifiedTitle: 'Your address is confirmed',
  verified: 'Thank you. There is nothing more to do.',
  verifySignIn: 'Sign in to have another mail sent.',
  verifyAgain: 'Send another mail',
  verifyMail: (email: string) => `A mail to ${email} is on its way. Its link works once, for two days.`,

  forgotTitle: 'Forgot your password?',
  forgotText: 'Tell us the address of your account. A mail with a link to set a new password will follow.',
  forgotButton: 'Send me a link',
  forgotDone: (email: string) => `If there is an account for ${email}, a mail is on its way. Its link works once, for one hour.`,
  backToSignIn: 'Back to signing in',
  resetTitle: 'Set a new password',
  resetText: 'It signs you out everywhere, on this device too.',
  resetButton: 'Set password',
  resetDoneTitle: 'Your new password is set',
  resetDone: 'You are signed out everywhere. Sign in with the new password.',

  linkTitle: 'Is this your account?',
  linkText: (provider: string, email: string) =>
    `There is an account for ${email} here already. Enter its password once, and ${provider} signs you in to it from now on.`,
  linkPassword: 'Password of the account here',
  linkButton: (provider: string) => `Link with ${provider}`,
  linkNoPassword: 'I have no password, or forgot it',
  linkRefuse: 'Do not link',
  nothingToLink: 'There is nothing to link, or it took too long. Sign in with the provider again.',

  unreachable: 'Millrace does not answer. The connection may be down. Try again in a moment.',
  down: 'This does not work at the moment. Try again in a moment.',
  refused: 'That was refused. Load the page again and try once more.',
  crossSite: 'Your browser did not say which page asked. Load this page again and try once more.',
  elsewhereFailed: 'Signing in did not work. Please try again.',
} as const;

/** Why signing in with an account elsewhere failed, by what the API puts into the page's address. */
export const SIGN_IN_ERROR_WORDS: ReadonlyMap<string, string> = new Map(Object.entries({
  'oauth-state': 'This sign-in was not begun in this browser, or took too long. Please begin again.',
  'oauth-denied': 'The provider did not sign you in.',
  'oauth-identity': 'The answer of the provider could not be believed. Please try again.',
  'oauth-email': 'The provider knows no verified email address of yours. Verify one there, or sign in with a password.',
  'identity-taken': 'This account elsewhere is linked with another account here already.',
  'provider-unavailable': 'The provider does not answer at the moment. Please try again.',
  'no-such-provider': 'Signing in with this provider is not set up here.',
  'account-suspended': 'This account is suspended. Sign in with its password to read why.',
}));

/** Say how long to wait after too many attempts; null is unknown. */
export function formatWait(wait_s: number | null): string {
  if (wait_s === null) return 'That was too often. Try again later.';
  const minutes = Math.ceil(wait_s / 60);
  return `That was too often. Try again in ${wait_s < 60 ? 'a minute' : minutes === 1 ? '1 minute' : `${minutes} minutes`}.`;
}

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
