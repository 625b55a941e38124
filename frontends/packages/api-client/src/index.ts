/** A typed client of the API. `schema.ts` is generated from docs/api/openapi.json: `npm run generate`. */

import type { paths, Problem } from './schema.js';

export type * from './schema.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The paths that have this method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends { [K in M]: infer O } ? O : never;

type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined;

type Success<R> = { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? Json<R[S]> : never }[keyof R];

/** What a call gives when it succeeds. */
export type Answer<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer R } ? Success<R> : never;

type Given<K extends string, T> = [T] extends [never] ? { [N in K]?: never } : undefined extends T ? { [N in K]?: T } : { [N in K]: T };

type Parameters<O, W extends string> = O extends { parameters: { [K in W]: infer V } } ? V : never;

type OptionalParameters<O, W extends string> = O extends { parameters: { [K in W]?: infer V } }
  ? Exclude<V, undefined> extends never ? never : V
  : never;

/** What a call needs: values of the path, query and body, and headers such as `Idempotency-Key`. */
export type Request<M extends Method, P extends PathOf<M>> = Given<'path', Parameters<Operation<M, P>, 'path'>> &
  Given<'query', OptionalParameters<Operation<M, P>, 'query'>> &
  Given<'body', Operation<M, P> extends { requestBody: infer B } ? Json<B> : never> & {
    headers?: Record<string, string>;
    signal?: AbortSignal;
  };

/** A refusal, as the API explains it. */
export class ApiProblem extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfterS: number | undefined,
  ) {
    super(problem.detail);
  }
}

export interface Reply<T> {
  readonly data: T;
  readonly etag: string | undefined;
}

export interface ClientOptions {
  /** Where the API is; the page's own origin without it. */
  readonly baseUrl?: string;
  /** A program's access token. Browsers use the site's cookies. */
  readonly token?: () => string | undefined;
  readonly fetch?: typeof fetch;
}

type Values = Readonly<Record<string, unknown>>;

function address(baseUrl: string, path: string, values: Values, query: Values): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) search.append(name, String(item));
    }
  }
  return baseUrl + filled + (search.size > 0 ? `?${search}` : '');
}

/** Make a client. A refusal rejects with ApiProblem; no connection rejects as `fetch` does. */
export function createClient(options: ClientOptions = {}) {
  return async function call<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    request: Request<M, P>,
  ): Promise<Reply<Answer<M, P>>> {
    const { path: values, query, body, headers, signal } = request as {
      path?: Values;
      query?: Values;
      body?: unknown;
      headers?: Record<string, string>;
      signal?: AbortSignal;
    };
    const token = options.token?.();
    const answer = await (options.fetch ?? fetch)(address(options.baseUrl ?? '', String(path), values ?? {}, query ?? {}), {
      method: method.toUpperCase(),
      credentials: 'same-origin',
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await answer.text();
    const data: unknown = text === '' ? undefined : JSON.parse(text);
    if (!answer.ok) {
      const wait = answer.headers.get('Retry-After');
      throw new ApiProblem(data as Problem, wait === null ? undefined : Number(wait));
    }
    return { data: data as Answer<M, P>, etag: answer.headers.get('ETag') ?? undefined };
  };
}
