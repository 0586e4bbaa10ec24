/** The typed client of the people's API, derived from the route table. Works over any connection. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { faultWords, formed } from '#protocol/forms.ts';
import { PeopleLine } from '#protocol/people/people-answers.ts';
import {
  PEOPLE_ROUTES,
  type PeopleAnswer,
  type PeopleCallName,
  type PeopleRequest,
} from '#protocol/people/people-routes.ts';
import {
  type CallForm,
  fillPath,
  LINES_MEDIA_TYPE,
  pathFields,
  restPlace,
} from '#protocol/people/people-route.ts';
import {
  SIGN_IN_ROUTES,
  type SignInAnswer,
  type SignInRouteName,
  type SignInRoutes,
} from '#protocol/people/sign-in-routes.ts';
import { errorFromProblem } from '#protocol/problem.ts';
import type { Watch } from '#protocol/server-program.ts';
import type { PeopleConnection } from './people-connection.ts';
import { documentOf, documentsOf } from './read-answer.ts';

export type PeopleClient = <N extends PeopleCallName>(
  name: N,
  request: PeopleRequest<N>,
  /** For a long call: receives its progress. */
  watch?: Watch,
  /** Receives the version of the answer, if it is of something that can be edited. */
  onVersion?: OnVersion,
) => Promise<PeopleAnswer<N>>;

type OnVersion = (version: string) => void;

/** The calls before sign-in. */
export type SignInClient = <N extends SignInRouteName>(
  name: N,
  request: z.input<SignInRoutes[N]['request']>,
) => Promise<SignInAnswer<N>>;

export function createPeopleClient(connection: PeopleConnection): PeopleClient {
  return async (name, fields, watch, onVersion) => {
    const call = (): Promise<unknown> => ask(connection, PEOPLE_ROUTES[name], fields, watch, onVersion);
    const { onRefusal } = connection;
    try {
      return (await call()) as never;
    } catch (error) {
      if (onRefusal === undefined || !(error instanceof KeystairError)) throw error;
      await onRefusal(error);
      return (await call()) as never;
    }
  };
}

export function createSignInClient(connection: PeopleConnection): SignInClient {
  return async (name, fields) => (await ask(connection, SIGN_IN_ROUTES[name], fields)) as never;
}

/** Makes one call, and reads its answer by the schema in its row. */
async function ask(
  connection: PeopleConnection,
  route: CallForm,
  fields: Readonly<Record<string, unknown>>,
  watch?: Watch,
  onVersion?: OnVersion,
): Promise<unknown> {
  const answer = await exchange(connection, placeFields(route, fields), watch?.stop);
  const document = await read(answer, watch).catch((cause: unknown) => {
    if (cause instanceof KeystairError) throw cause;
    throw watch?.stop.aborted === true ? stopped() : connection.broken(cause);
  });
  const parsed = formed(route.answer, document);
  const { etag } = answer.headers;
  if (parsed.ok && etag !== undefined) onVersion?.(etag);
  if (parsed.ok) return parsed.value;
  throw new KeystairError(
    'request-invalid',
    `the server's answer does not have the form of this release: ${faultWords(parsed.fault, 'the answer')}`,
    { nextStep: 'use the command line of the same release as the server' },
  );
}

/** Puts each field of a call into its one place: path, query or body. */
function placeFields({ method, path }: CallForm, fields: Readonly<Record<string, unknown>>) {
  const inPath = pathFields(path);
  const filled = fillPath(path, fields);
  const rest = Object.entries(fields).filter(
    ([field, value]) => value !== undefined && !inPath.includes(field),
  );
  if (restPlace(method) === 'body') {
    return { method, path: filled, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = new URLSearchParams(rest.map(([field, value]) => [field, String(value)])).toString();
  return { method, path: query === '' ? filled : `${filled}?${query}`, body: undefined };
}

/** Reads the answer's document. Throws if the answer is a problem or ends with one. */
async function read(answer: IncomingMessage, watch: Watch | undefined): Promise<unknown> {
  const status = answer.statusCode ?? 0;
  if (status !== 200) throw errorFromProblem(status, await documentOf(answer));
  if (watch === undefined) return documentOf(answer);
  // Progress is passed on, not kept.
  for await (const document of documentsOf(answer)) {
    const line = formed(PeopleLine, document);
    if (!line.ok) continue;
    if ('problem' in line.value) throw errorFromProblem(line.value.problem.status, line.value.problem);
    if ('answer' in line.value) return line.value.answer;
    watch.onProgress(line.value.done, line.value.of);
  }
  throw new KeystairError('interrupted', 'the server ended the call before it was complete', {
    nextStep: 'look at its log, and run the command again',
  });
}

function exchange(
  connection: PeopleConnection,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body: string | undefined },
  stop: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(stop === undefined ? {} : { accept: LINES_MEDIA_TYPE }),
    };
    const request = connection.begin({ method, path, headers, signal: stop });
    request.once('response', resolve);
    request.on('error', (cause: unknown) => {
      reject(stop?.aborted === true ? stopped() : connection.broken(cause));
    });
    request.end(body);
  });
}

function stopped(): KeystairError {
  return new KeystairError('interrupted', 'the command was stopped before it was complete', {
    nextStep: 'run it again; what was done stays',
  });
}
