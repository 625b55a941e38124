/** Fail when a page's JavaScript outgrows its budget: what is sent first, and each engine that is loaded to play. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const ASSETS = new URL('../dist/assets/', import.meta.url);

/** Kilobytes (1000 bytes), gzip. The page budget of the design is 350 with the player; these leave room below it. */
const BUDGETS_KB = [
  { name: 'page', pattern: /^index-.*\.js$/, budget_kb: 15 },
  { name: 'account', pattern: /^pages-.*\.js$/, budget_kb: 8 },
  { name: 'styles', pattern: /^index-.*\.css$/, budget_kb: 10 },
  { name: 'hls engine', pattern: /^hls-.*\.js$/, budget_kb: 200 },
  { name: 'dash engine', pattern: /^dash-.*\.js$/, budget_kb: 270 },
  // For checking what we publish; no viewer is given it unasked.
  { name: 'shaka engine', pattern: /^shaka-.*\.js$/, budget_kb: 260 },
];

const files = readdirSync(ASSETS);
for (const { name, pattern, budget_kb } of BUDGETS_KB) {
  const matching = files.filter((file) => pattern.test(file));
  const size_kb = matching.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, ASSETS))).length, 0) / 1000;
  const verdict = matching.length > 0 && size_kb <= budget_kb ? 'ok' : 'OVER';
  console.log(`${name.padEnd(12)} ${size_kb.toFixed(1).padStart(7)} kB of ${budget_kb} ${verdict}`);
  if (verdict !== 'ok') process.exitCode = 1;
}
