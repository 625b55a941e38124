/** Compiled by `npm run check`, never run: the types have to know what the API takes and gives. */

import { createClient, type Problem } from './index.js';

const call = createClient();

export async function right(): Promise<string> {
  const { data } = await call('get', '/api/videos/{video_id}', { path: { video_id: 'x' } });
  const page = await call('get', '/api/videos', { query: { limit: 5 } });
  const problem: Problem | undefined = undefined;
  return data.title + String(page.data.items.length) + String(problem);
}

export async function wrong(): Promise<void> {
  // @ts-expect-error a video has an id
  await call('get', '/api/videos/{video_id}', {});
  // @ts-expect-error there is no such address
  await call('get', '/api/nothing', {});
  // @ts-expect-error a title is a text
  await call('post', '/api/videos', { body: { title: 5 } });
}
