/**
 * A server that starts sealed: only its socket answers, until a person opens it.
 *
 * Invariant: while it is sealed, nothing listens for machines, and nothing in the database is believed.
 */
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/server-name.ts';
import { type Notice, notice } from '#domain/step.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { Store } from '#store/store.ts';
import { rereadSealPlaces, type ServerConfig } from './config.ts';
import type { ConsoleDoor } from './console-door.ts';
import type { Clock, Log } from './environment/environment.ts';
import { LOCAL_ENTRANCE, type LocalSocket } from './http/people/local-socket.ts';
import { createPeopleListener, type ServedPeople } from './http/people/people-listener.ts';
import { createSealedApi } from './http/people/sealed-api.ts';
import type { Opened } from './seals/auto-unseal.ts';
import { readDataKeys, readSeals } from './seals/seal-rows.ts';
import { showSeal } from './seals/show-seals.ts';
import { Unsealing } from './seals/unsealing.ts';
import type { SealedServer } from './start/open-at-start.ts';

export interface SealedPorts {
  readonly config: ServerConfig;
  readonly sealed: SealedServer;
  readonly server: ServerName;
  readonly store: Store;
  readonly socket: LocalSocket;
  readonly door: ConsoleDoor;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** The socket answers. */
  readonly onSealed: () => void;
  /** The outcome of serving after the server was opened, for the caller that opened it. */
  readonly serving: Promise<ServerName>;
}

export interface Unsealed {
  readonly opened: Opened;
  readonly by: Caller;
  /** Attempts that were refused before. */
  readonly refused: number;
}

/** The key file was tried and opened nothing: otherwise the server would not be sealed. */
const NONE = (): boolean => false;

/** Resolves when a person has opened the server; undefined if it is to stop. */
export async function waitSealed(ports: SealedPorts): Promise<Unsealed | undefined> {
  const { config, sealed, server, store, socket, door, clock, log, stop, serving } = ports;
  const places = () => rereadSealPlaces(config);
  const read = async () => ({
    seals: (await readSeals(store.reader)).seals,
    dataKeys: await readDataKeys(store.reader),
  });
  const unsealing = new Unsealing({ read, places, clock, log });
  const unsealed = Promise.withResolvers<Omit<Unsealed, 'refused'> | undefined>();
  const api = createSealedApi({
    server,
    seals: sealed.rows.seals.map((seal) => showSeal(seal, config, NONE)),
    warnings: warningsOf(sealed),
    unseal: (request) => unsealing.unseal(request),
    onUnsealed: (opened, by) => {
      unsealed.resolve({ opened, by });
      return serving;
    },
  });
  const open = { serverName: server.name, notReady: async () => 'the server is sealed' };
  const served = { people: api, stopping: stop, refusals: refusalsOf(log), approvals: NO_RULES, clock, open };
  await socket.serve(createPeopleListener(served, LOCAL_ENTRANCE, log));
  const console = await door.openSealed();
  await console?.serve(createPeopleListener(served, door.sealedEntrance(console), log));
  log.warn(
    { event: 'sealed', seals: sealed.rows.seals.map(({ id }) => id), because: warningsOf(sealed) },
    'the server is sealed and waits for a person',
  );
  await store.processes?.announce({ state: 'sealed', version: PROGRAM_VERSION });
  ports.onSealed();
  const onStop = (): void => unsealed.resolve(undefined);
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop, { once: true });
  const done = await unsealed.promise;
  stop.removeEventListener('abort', onStop);
  return done === undefined ? undefined : { ...done, refused: unsealing.refused };
}

/** A sealed server does nothing that a rule could be about. */
const NO_RULES: ServedPeople['approvals'] = { require: async () => undefined };

/** A sealed server has no audit log. */
function refusalsOf(log: Log): ServedPeople['refusals'] {
  return {
    note: async (caller, code) => {
      log.warn({ event: 'call-refused', caller, code }, 'a call to the sealed server was refused');
      return true;
    },
  };
}

function warningsOf({ rows, failures }: SealedServer): Notice[] {
  return [
    ...failures.map((failure) => failure.notice),
    ...rows.malformed.map((id) => notice(`the row of the seal "${id}" was altered in the database`)),
  ];
}
