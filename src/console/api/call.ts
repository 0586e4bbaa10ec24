/**
 * The client of the people's API, typed by the rows of its table.
 *
 * Invariants: the only address it calls is the one the page came from. It keeps no answers: each caller decides what to
 * keep, and key material goes into no cache.
 */
import { APPROVAL_HEADER, fillPath, pathFields, restPlace } from '#protocol/people/people-route.ts';
import type { PeopleAnswer, PeopleRequest, PeopleRouteName } from '#protocol/people/people-routes.ts';
import type { SignInAnswer, SignInRequest, SignInRouteName } from '#protocol/people/sign-in-routes.ts';
import { Problem, problemFrom } from './problem.ts';
import type { Route } from './route.ts';
import { ROUTES } from './table.ts';

export type CallName = PeopleRouteName | SignInRouteName;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The id of an approval that the call uses. */
  readonly approval?: string | undefined;
  /** The version that the change was decided on. */
  readonly ifMatch?: string | undefined;
}

export function routeOf(name: CallName): Route {
  return ROUTES[name]!;
}

export function call<N extends PeopleRouteName>(
  name: N,
  request: PeopleRequest<N>,
  options?: CallOptions,
): Promise<PeopleAnswer<N>> {
  return bodyOf(send(name, request, options)) as Promise<PeopleAnswer<N>>;
}

export interface Versioned<Answer> {
  readonly answer: Answer;
  /** For `ifMatch` of a change that is decided on this answer. */
  readonly version: string | undefined;
}

/** What can be edited, with its version. */
export async function callForVersion<N extends PeopleRouteName>(
  name: N,
  request: PeopleRequest<N>,
  options?: CallOptions,
): Promise<Versioned<PeopleAnswer<N>>> {
  const answer = await send(name, request, options);
  return {
    answer: (await answer.json()) as PeopleAnswer<N>,
    version: answer.headers.get('etag') ?? undefined,
  };
}

/** A call of somebody who is not signed in yet. */
export function open<N extends SignInRouteName>(
  name: N,
  request: SignInRequest<N>,
  options?: CallOptions,
): Promise<SignInAnswer<N>> {
  return bodyOf(send(name, request, options)) as Promise<SignInAnswer<N>>;
}

async function bodyOf(answer: Promise<Response>): Promise<unknown> {
  return (await answer).json();
}

type Scalar = string | number | boolean | undefined;

/** The address of a call with its fields in path and query. */
export function addressOf(name: CallName, fields: object): string {
  const { path } = routeOf(name);
  const inPath = pathFields(path);
  const query = new URLSearchParams();
  for (const [field, value] of Object.entries(fields) as [string, Scalar][])
    if (value !== undefined && !inPath.includes(field)) query.set(field, String(value));
  const text = query.toString();
  return `${fillPath(path, { ...fields })}${text === '' ? '' : `?${text}`}`;
}

async function send(
  name: CallName,
  fields: object,
  { signal, approval, ifMatch }: CallOptions = {},
): Promise<Response> {
  const { method, path } = routeOf(name);
  const inBody = restPlace(method) === 'body';
  const inPath = pathFields(path);
  const rest = Object.entries(fields).filter(([field]) => !inPath.includes(field));
  return reach(inBody ? fillPath(path, { ...fields }) : addressOf(name, fields), {
    method,
    headers: {
      ...(inBody ? { 'content-type': 'application/json' } : {}),
      ...(approval === undefined ? {} : { [APPROVAL_HEADER]: approval }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    },
    ...(inBody ? { body: JSON.stringify(Object.fromEntries(rest)) } : {}),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Throws a `Problem` for every answer that is none of the call's. */
export async function reach(address: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { ...init, credentials: 'same-origin', redirect: 'error' });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Problem(0, 'unreachable', 'the server did not answer');
  }
  if (!answer.ok) throw await problemFrom(answer);
  return answer;
}
