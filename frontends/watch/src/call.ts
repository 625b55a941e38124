/** One call of the API, and what an answer can be read as. */

/** The value of a form that was not accepted, and why. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** The API answered, but not with what was asked; `status` is the HTTP status, the rest its problem document. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly slug: string = '',
    readonly detail: string = '',
    readonly fields: readonly FieldProblem[] = [],
    readonly retryAfter_s: number | null = null,
  ) {
    super(`the API answered ${status}`);
  }
}

/** The API could not be reached, or what it sent is not an answer. */
export class ApiUnreachable extends Error {}

const URN = 'urn:millrace:problem:';

/** Call the API and return its answer, undefined where it is empty; raises ApiProblem or ApiUnreachable. */
export async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    response = await fetch(path, { method, headers, signal: AbortSignal.timeout(15_000), ...sent });
  } catch (error) {
    throw new ApiUnreachable(path, { cause: error });
  }
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined;
  try {
    return await response.json();
  } catch (error) {
    throw new ApiUnreachable(path, { cause: error });
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  // What stands before the API, a cache or a firewall, refuses without a problem document.
  const document: unknown = await response.json().catch(() => null);
  const type = text(document, 'type') ?? '';
  const wait_s = Number(response.headers.get('retry-after') ?? Number.NaN);
  const slug = type.startsWith(URN) ? type.slice(URN.length) : '';
  const fields = list(document, 'errors').map((one) => ({ field: text(one, 'field') ?? '', message: text(one, 'message') ?? '' }));
  return new ApiProblem(response.status, slug, text(document, 'detail') ?? '', fields, Number.isFinite(wait_s) ? wait_s : null);
}

/** Return a field of an answer, undefined where there is none. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Return a field that is a text, or null. */
export function text(value: unknown, name: string): string | null {
  const found = field(value, name);
  return typeof found === 'string' ? found : null;
}

/** Return a field that is a number, or null. */
export function number(value: unknown, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

/** Return a field that is a list; an empty one where it is not. */
export function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
