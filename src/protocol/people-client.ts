/**
 * The typed client of the people's API, made from the route table. It speaks HTTP/1.1 to a Unix socket.
 */
import { request as httpRequest } from 'node:http';
import { KeystairError } from '#domain/errors.ts';
import {
  PEOPLE_ROUTES,
  type PeopleAnswer,
  type PeopleRequest,
  type PeopleRouteName,
} from './people-routes.ts';
import { errorFromProblem } from './problem.ts';

export type PeopleClient = <N extends PeopleRouteName>(
  name: N,
  request: PeopleRequest<N>,
) => Promise<PeopleAnswer<N>>;

/** Path, query and body of a call. Fields named in the path go there; GET and DELETE carry the rest in the query. */
function placeFields(name: PeopleRouteName, fields: Readonly<Record<string, unknown>>) {
  const { method, path } = PEOPLE_ROUTES[name];
  const rest = new Map(Object.entries(fields).filter(([, value]) => value !== undefined));
  const filled = path.replaceAll(/:([a-z]+)/g, (_, field: string) => {
    const value = String(rest.get(field));
    rest.delete(field);
    return encodeURIComponent(value);
  });
  if (method === 'POST' || method === 'PATCH') {
    return { method, path: filled, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = new URLSearchParams([...rest].map(([field, value]) => [field, String(value)])).toString();
  return { method, path: query === '' ? filled : `${filled}?${query}`, body: undefined };
}

/** @param socketPath at most 107 bytes; a longer way is the caller's to shorten. */
export function createPeopleClient(options: {
  readonly socketPath: string;
  readonly dataDirectory: string;
}): PeopleClient {
  return async (name, fields) => {
    const { method, path, body } = placeFields(name, fields);
    const { status, text } = await exchange(options, method, path, body);
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      document = undefined;
    }
    if (status !== 200) throw errorFromProblem(status, document);
    return PEOPLE_ROUTES[name].answer.parse(document) as never;
  };
}

function exchange(
  options: { readonly socketPath: string; readonly dataDirectory: string },
  method: string,
  path: string,
  body: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = httpRequest(
      { socketPath: options.socketPath, method, path, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    request.on('error', (cause: NodeJS.ErrnoException) => reject(notRunning(options.dataDirectory, cause)));
    request.end(body);
  });
}

export function notRunning(dataDirectory: string, cause: NodeJS.ErrnoException): KeystairError {
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
        nextStep: `look at its log, start it with \`keystair server start --data ${dataDirectory}\` and try again`,
        cause,
      },
    );
  }
  return new KeystairError('server-not-running', `no server runs on ${dataDirectory}`, {
    nextStep: `start it with \`keystair server start --data ${dataDirectory}\``,
    cause,
  });
}
