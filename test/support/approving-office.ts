/**
 * One server in this process whose people call it through the real gate, each known by a header that holds their id. Who
 * they are stands in rows, which a test changes as it goes.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { sortName } from '#domain/name-order.ts';
import { auditName, type PersonRow } from '#domain/person.ts';
import { LOCAL_ADMINISTRATOR, type Person, type RequiredRight, RIGHTS, write } from '#domain/right.ts';
import { type Credentials, NO_CREDENTIALS, putCredentials } from '#server/people/credentials.ts';
import { deletePersonRows, putPerson, readPerson } from '#server/people/person-rows.ts';
import { putRole, rightsOf } from '#server/people/role-rows.ts';
import type { Receiver } from '#server/notices/notices.ts';
import { createLocalSocket } from '#server/http/people/local-socket.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import { LOCAL_SITE } from '#server/http/people/request-origin.ts';
import { atTheEnd } from './at-the-end.ts';
import { openServer, type ServerInProcess } from './server-in-process.ts';

export const MAY_APPROVE = write('Approvals');
/** As after a set-up; nothing here proves it. */
const CAN_SIGN_IN: Credentials = {
  ...NO_CREDENTIALS,
  password: { parameters: {} as never, mac: '' },
  lastStep: 0,
};

export const OWNER = 'local administrator';

export interface Answered {
  readonly status: number;
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Office {
  readonly server: ServerInProcess;
  /** Adds a person who can sign in, or the service account of one, and returns their id. */
  add(name: string, rights?: readonly RequiredRight[], service?: { readonly owner: string }): Promise<string>;
  /** Gives other rights, another owner, or a provider that vouches for them. */
  change(
    id: string,
    to: { readonly rights?: readonly RequiredRight[]; readonly owner?: string; readonly provider?: string },
  ): Promise<void>;
  remove(id: string): Promise<void>;
  removeAll(): Promise<void>;
  /** Whose session is from long ago. */
  readonly stale: Set<string>;
  /** A call as that person, by id; `OWNER` is the owner of the data directory. */
  ask(
    who: string,
    line: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
}

/** @param directory a fresh path. @param receivers who are told of requests. */
export async function openOffice(directory: string, receivers: readonly Receiver[] = []): Promise<Office> {
  const stale = new Set<string>();
  const server = await openServer('Office', { heartbeats: false, receivers });
  const { store, repository } = server;
  const { rows } = repository;
  const there = new Set<string>();
  mkdirSync(directory, { mode: 0o700 });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const personOf = async (who: string): Promise<Person> => {
    if (who === OWNER) return LOCAL_ADMINISTRATOR;
    const person = (await readPerson(rows, store.reader, who))!;
    const signedInAt = stale.has(who) ? 0 : server.clock();
    return {
      id: who,
      name: auditName(person),
      rights: await rightsOf(rows, store.reader, person),
      session: { id: 'session', signedInAt, expiresAt: server.clock() + 3_600_000 },
    };
  };
  const entrance = {
    site: LOCAL_SITE,
    authenticate: ({ headers }: { headers: { authorization?: string | undefined } }) =>
      personOf(headers.authorization!),
  };
  const socket = createLocalSocket(directory, log);
  await socket.serve(createPeopleListener(server.administration, entrance, log));
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  atTheEnd(async () => {
    agent.destroy();
    await socket.close();
  });
  /** Each has a role of their own. */
  const write = (person: PersonRow, rights: readonly RequiredRight[]): Promise<void> =>
    store.write(async (transaction) => {
      await putRole(rows, transaction, { name: person.roles[0]!, rights });
      await rows.put(transaction, 'person-name', sortName(person.name), { person: person.id });
      await putPerson(rows, transaction, person);
      await putCredentials(rows, transaction, person.id, CAN_SIGN_IN);
    });
  const remove = async (id: string): Promise<void> => {
    there.delete(id);
    const person = await readPerson(rows, store.reader, id);
    // A test may have removed them by the call for it.
    if (person !== undefined) await store.write((transaction) => deletePersonRows(transaction, person));
  };
  return {
    server,
    stale,
    async add(name, rights = RIGHTS, service) {
      const id = randomUUID();
      there.add(id);
      const key = { key: id, expiresAt: null, knownAt: new Date(0).toISOString() };
      await write(
        {
          id,
          name,
          roles: [`of ${id}`],
          createdAt: new Date(0).toISOString(),
          generation: 1,
          service: service === undefined ? null : { ...key, ...service },
          identity: null,
        },
        rights,
      );
      return id;
    },
    async change(id, { rights, owner, provider }) {
      const person = (await readPerson(rows, store.reader, id))!;
      const service = owner === undefined ? person.service : { ...person.service!, owner };
      const identity =
        provider === undefined ? person.identity : { provider, issuer: 'https://login.example', subject: id };
      await write({ ...person, service, identity }, rights ?? (await rightsOf(rows, store.reader, person)));
    },
    remove,
    async removeAll() {
      for (const id of there) await remove(id);
    },
    ask(who, line, body, headers = {}) {
      const [method, path] = line.split(' ') as [string, string];
      return new Promise((resolve, reject) => {
        const call = request(
          {
            socketPath: join(directory, 'keystair.sock'),
            agent,
            method,
            path: `/api/v1${path}`,
            headers: {
              host: 'localhost',
              authorization: who,
              ...(body === undefined ? {} : { 'content-type': 'application/json' }),
              ...headers,
            },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => chunks.push(chunk));
            answer.on('end', () => {
              const text = Buffer.concat(chunks).toString();
              const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>;
              const { code, detail } = body as { code?: string; detail?: string };
              resolve({ status: answer.statusCode!, code, detail, body });
            });
          },
        );
        call.on('error', reject);
        call.end(body === undefined ? undefined : JSON.stringify(body));
      });
    },
  };
}
