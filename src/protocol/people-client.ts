/**
 * The typed client of the people's API, made from the route table. It speaks HTTP/1.1 to a Unix socket.
 */
import { KeystairError } from '#domain/errors.ts';
import { overSocket, request as httpRequest } from './built-in-http.ts';
import { PeopleLine } from './people-answers.ts';
import {
  PEOPLE_ROUTES,
  type PeopleAnswer,
  type PeopleRequest,
  type PeopleRouteName,
} from './people-routes.ts';
import { errorFromProblem } from './problem.ts';
import { LINES_MEDIA_TYPE } from './transfer-routes.ts';

export interface Watch {
  /** How far the call is: `done` of `of`, in whatever unit. */
  readonly onProgress: (done: number, of: number) => void;
  /** Ends the call, and what it does at the server. */
  readonly stop: AbortSignal;
}

export type PeopleClient = <N extends PeopleRouteName>(
  name: N,
  request: PeopleRequest<N>,
  /** For a call that takes long. */
  watch?: Watch,
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

/** The way to a server on this machine. */
export interface SocketAddress {
  /** At most 107 bytes; a longer way is the caller's to shorten. */
  readonly socketPath: string;
  readonly dataDirectory: string;
  /** Whether there is a server in the directory at all: asked where none answers. */
  readonly holdsServer?: () => boolean;
}

export function createPeopleClient(options: SocketAddress): PeopleClient {
  return async (name, fields, watch) => {
    const { method, path, body } = placeFields(name, fields);
    const lines = new AnswerLines(watch);
    const { status, text } = await exchange(options, { method, path, body }, watch?.stop, (piece) =>
      lines.push(piece),
    );
    if (status !== 200) throw errorFromProblem(status, documentOf(text));
    const document = watch === undefined ? documentOf(text) : lines.end(text);
    return PEOPLE_ROUTES[name].answer.parse(document) as never;
  };
}

function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The lines of an answer to whoever watches: progress is passed on, the last one is the answer. */
class AnswerLines {
  readonly #watch: Watch | undefined;
  #rest = '';
  #last: PeopleLine | undefined;

  constructor(watch: Watch | undefined) {
    this.#watch = watch;
  }

  push(piece: string): void {
    if (this.#watch === undefined) return;
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const parsed = PeopleLine.safeParse(documentOf(line));
      if (!parsed.success) continue;
      this.#last = parsed.data;
      if ('done' in parsed.data) this.#watch.onProgress(parsed.data.done, parsed.data.of);
    }
  }

  /** The answer's document. Throws the problem it ended with. */
  end(text: string): unknown {
    if (this.#last === undefined) return documentOf(text);
    if ('problem' in this.#last) throw errorFromProblem(this.#last.problem.status, this.#last.problem);
    if ('answer' in this.#last) return this.#last.answer;
    throw new KeystairError('interrupted', 'the server broke the call off before its end', {
      nextStep: 'look at its log, and run the command again',
    });
  }
}

function exchange(
  options: SocketAddress,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body: string | undefined },
  stop: AbortSignal | undefined,
  onPiece: (text: string) => void,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(stop === undefined ? {} : { accept: LINES_MEDIA_TYPE }),
    };
    const failed = (cause: NodeJS.ErrnoException): void => {
      reject(stop?.aborted === true ? stopped() : notRunning(options, cause));
    };
    const request = httpRequest(
      {
        ...overSocket(options.socketPath),
        method,
        path,
        headers,
        ...(stop === undefined ? {} : { signal: stop }),
      },
      (answer) => {
        const chunks: string[] = [];
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          // Progress is not kept.
          if (stop === undefined || answer.statusCode !== 200) chunks.push(chunk);
          onPiece(chunk);
        });
        answer.on('error', failed);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: chunks.join('') }));
      },
    );
    request.on('error', failed);
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
        nextStep: `look at its log, start it with \`keystair server start --data ${dataDirectory}\` and try again`,
        cause,
      },
    );
  }
  const start = `\`keystair server start --data ${dataDirectory}\``;
  if (!holdsServer()) {
    return new KeystairError('server-not-running', `no server runs on ${dataDirectory}, and it holds none`, {
      nextStep: `check the path, or create one there with ${start}`,
      cause,
    });
  }
  return new KeystairError('server-not-running', `no server runs on ${dataDirectory}`, {
    nextStep: `start it with ${start}`,
    cause,
  });
}
