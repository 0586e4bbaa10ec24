/** The people's listener of a server in this process, on a socket, for callers that the test names. */
import { mkdirSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR, type Person } from '#domain/right.ts';
import { createLocalSocket } from '#server/http/people/local-socket.ts';
import type { AdministrationServer } from '#server/administration-server.ts';
import { createPeopleListener, type ServedPeople } from '#server/http/people/people-listener.ts';
import { LOCAL_SITE } from '#server/http/people/request-origin.ts';
import { atTheEnd } from './at-the-end.ts';
import { eventually } from './eventually.ts';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface EventReader {
  readonly status: number;
  readonly heard: readonly HeardEvent[];
  readonly isOver: boolean;
  /** The text as it came, signs of life too. */
  readonly text: string;
  readonly answer: IncomingMessage;
  /** Resolves with the first event of that kind, from now on or before. */
  event(kind: string): Promise<HeardEvent>;
  close(): void;
}

export interface PeopleSocket {
  /** Who is known by which name; they have every right at first. */
  readonly people: Map<string, Person>;
  ask(
    who: string,
    line: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  watch(who: string, path: string, headers?: Readonly<Record<string, string>>): Promise<EventReader>;
}

/** @param directory where the socket is made; it is not there yet. */
export async function openPeopleSocket(
  { administration }: { readonly administration: ServedPeople & Pick<AdministrationServer, 'streams'> },
  directory: string,
  ...names: readonly string[]
): Promise<PeopleSocket> {
  mkdirSync(directory, { mode: 0o700 });
  const people = new Map<string, Person>(
    names.map((name) => [name, { ...LOCAL_ADMINISTRATOR, id: name, name }]),
  );
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const authenticate = ({ headers }: IncomingMessage): Person => {
    const person = people.get(headers.authorization ?? '');
    if (person === undefined) throw new KeystairError('not-signed-in', 'the session has ended');
    return person;
  };
  const socket = createLocalSocket(directory, log);
  await socket.serve(createPeopleListener(administration, { site: LOCAL_SITE, authenticate }, log));
  const agent = new Agent({ keepAlive: true });
  atTheEnd(async () => {
    agent.destroy();
    administration.streams.events.stop();
    await socket.close();
  });
  const begin = (
    who: string,
    line: string,
    headers: Readonly<Record<string, string>>,
    options: { readonly agent?: Agent } = {},
  ) => {
    const [method, path] = line.split(' ') as [string, string];
    const all = { host: 'localhost', authorization: who, ...headers };
    return request({
      socketPath: join(directory, 'keystair.sock'),
      method,
      path,
      headers: all,
      ...options,
    });
  };
  const answerOf = (call: ReturnType<typeof request>, body?: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      call.once('response', resolve);
      call.on('error', reject);
      call.end(body);
    });
  return {
    people,
    async ask(who, line, body, headers = {}) {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await answerOf(begin(who, line, { ...type, ...headers }, { agent }), text);
      let read = '';
      for await (const chunk of answer) read += String(chunk);
      const parsed = read === '' ? {} : (JSON.parse(read) as Record<string, unknown>);
      return { status: answer.statusCode!, headers: answer.headers, body: parsed };
    },
    async watch(who, path, headers = {}) {
      const answer = await answerOf(begin(who, `GET ${path}`, headers));
      let text = '';
      let isOver = false;
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('error', () => undefined);
      answer.on('close', () => (isOver = true));
      const heard = (): HeardEvent[] =>
        text
          .split('\n\n')
          .slice(0, -1)
          .map((block) => /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block))
          .filter((match) => match !== null)
          .map(([, id, event, data]) => ({
            id: id!,
            event: event!,
            data: JSON.parse(data!) as HeardEvent['data'],
          }));
      return {
        status: answer.statusCode!,
        get heard() {
          return heard();
        },
        get isOver() {
          return isOver;
        },
        get text() {
          return text;
        },
        answer,
        event: (kind) => eventually(`the event ${kind}`, () => heard().find(({ event }) => event === kind)),
        close: () => answer.destroy(),
      };
    },
  };
}
