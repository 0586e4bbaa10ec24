/** The typed client of the people's API, derived from the route table. It speaks HTTP/1.1 to a Unix socket. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { overSocket, request as httpRequest } from '../built-in-http.ts';
import { faultWords, formed } from '#protocol/forms.ts';
import { PeopleLine } from '#protocol/people/people-answers.ts';
import {
  PEOPLE_ROUTES,
  type PeopleAnswer,
  type PeopleRequest,
  type PeopleRouteName,
} from '#protocol/people/people-routes.ts';
import { fillPath, pathFields, restPlace } from '#protocol/people/people-route.ts';
import { errorFromProblem } from '#protocol/problem.ts';
import type { Watch } from '#protocol/server-program.ts';
import { documentOf, documentsOf } from './read-answer.ts';
import { LINES_MEDIA_TYPE } from '#protocol/people/transfer-routes.ts';

export type PeopleClient = <N extends PeopleRouteName>(
  name: N,
  request: PeopleRequest<N>,
  /** For a call that takes long. */
  watch?: Watch,
) => Promise<PeopleAnswer<N>>;

/** Path, query and body of a call: each field in its one place. */
function placeFields(name: PeopleRouteName, fields: Readonly<Record<string, unknown>>) {
  const { method, path } = PEOPLE_ROUTES[name];
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

/** How to reach a server on this machine. */
export interface SocketAddress {
  /** At most 107 bytes; the caller must shorten a longer path. */
  readonly socketPath: string;
  readonly dataDirectory: string;
  /** Whether the directory holds a server at all: asked where none answers. */
  readonly holdsServer?: () => boolean;
}

export function createPeopleClient(options: SocketAddress): PeopleClient {
  return async (name, fields, watch) => {
    const answer = await exchange(options, placeFields(name, fields), watch?.stop);
    const document = await read(answer, watch).catch((cause: unknown) => {
      if (cause instanceof KeystairError) throw cause;
      throw watch?.stop.aborted === true ? stopped() : notRunning(options, cause as NodeJS.ErrnoException);
    });
    const parsed = formed<z.ZodType>(PEOPLE_ROUTES[name].answer, document);
    if (parsed.ok) return parsed.value as never;
    throw new KeystairError(
      'request-invalid',
      `the server's answer is not of this release's form: ${faultWords(parsed.fault, 'the answer')}`,
      { nextStep: 'use the command line of the same release as the server' },
    );
  };
}

/** The answer's document. Throws the problem that it is, or that it ended with. */
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
  throw new KeystairError('interrupted', 'the server broke the call off before its end', {
    nextStep: 'look at its log, and run the command again',
  });
}

function exchange(
  options: SocketAddress,
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
    const request = httpRequest(
      {
        ...overSocket(options.socketPath),
        method,
        path,
        headers,
        ...(stop === undefined ? {} : { signal: stop }),
      },
      resolve,
    );
    request.on('error', (cause: NodeJS.ErrnoException) => {
      reject(stop?.aborted === true ? stopped() : notRunning(options, cause));
    });
    request.end(body);
  });
}

function stopped(): KeystairError {
  return new KeystairError('interrupted', 'the command was stopped before its end', {
    nextStep: 'run it again; what was done stays',
  });
}

export function notRunning(
  { dataDirectory, holdsServer = () => true }: Omit<SocketAddress, 'socketPath'>,
  cause: NodeJS.ErrnoException,
): KeystairError {
  if (cause.code === 'EACCES') {
    return new KeystairError('not-allowed', `only the owner of ${dataDirectory} may address this server`, {
      nextStep: "run the command as the server's user",
      cause,
    });
  }
  if (cause.code === 'ECONNRESET' || cause.code === 'EPIPE') {
    return new KeystairError(
      'server-not-running',
      `the server of ${dataDirectory} stopped before it answered`,
      {
        nextStep: step('start-server-again', { directory: dataDirectory }),
        cause,
      },
    );
  }
  if (!holdsServer()) {
    return new KeystairError('server-not-running', `no server runs on ${dataDirectory}, and it holds none`, {
      nextStep: step('create-server', { directory: dataDirectory }),
      cause,
    });
  }
  return new KeystairError('server-not-running', `no server runs on ${dataDirectory}`, {
    nextStep: step('start-server', { directory: dataDirectory }),
    cause,
  });
}
