/**
 * The start of a server that was made before: opened by itself where one of its seals can be, else sealed, with nothing
 * but its socket, until a person opens it.
 *
 * Invariant: as long as it is sealed, nothing listens for machines, and nothing in the database is believed.
 */
import type { DataKeyRow } from '#crypto/keyring.ts';
import { KeystairError } from '#domain/errors.ts';
import type { ServerName } from '#domain/lookup.ts';
import type { Reader } from '#store/store.ts';
import { rereadSealPlaces, type ServerConfig } from '../config.ts';
import { createSealedApi } from '../http/people/sealed-api.ts';
import { createPeopleListener } from '../http/people/people-listener.ts';
import type { LocalSocket } from '../http/people/local-socket.ts';
import type { Clock, Log } from '../repository/ports.ts';
import { openByItself, type Opened } from './open-by-itself.ts';
import { readSeals, type SealRows } from './seal-rows.ts';
import { showSeal } from './show-seals.ts';
import { Unsealing } from './unsealing.ts';

/** A server that waits for a person. */
export interface SealedServer {
  readonly rows: SealRows;
  readonly dataKeys: readonly DataKeyRow[];
  readonly failures: readonly KeystairError[];
}

export type StartOutcome = { readonly opened: Opened } | { readonly sealed: SealedServer };

/**
 * Throws what kept the key file or the token from opening it where no person could do better, and `data-damaged` where
 * there is no seal at all.
 */
export async function openAtStart(
  reader: Reader,
  dataKeys: readonly DataKeyRow[],
  config: ServerConfig,
): Promise<StartOutcome> {
  const rows = await readSeals(reader);
  const outcome = await openByItself(rows.seals, dataKeys, config);
  if ('opened' in outcome) return outcome;
  const [failure] = outcome.failures;
  if (rows.seals.some(({ kind }) => kind !== 'key-file'))
    return { sealed: { rows, dataKeys, failures: outcome.failures } };
  throw (
    failure ??
    new KeystairError('data-damaged', 'every row of a seal is missing or was altered in the database', {
      nextStep: 'restore the newest backup',
    })
  );
}

export interface SealedPorts {
  readonly config: ServerConfig;
  readonly sealed: SealedServer;
  readonly server: ServerName;
  readonly socket: LocalSocket;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** The socket answers. */
  readonly onSealed: () => void;
  /** What becomes of the server once it was opened: its caller is told. */
  readonly serving: Promise<ServerName>;
}

export interface Unsealed {
  readonly opened: Opened;
  /** Attempts that were refused before. */
  readonly refused: number;
}

/** It was tried, and opened nothing: else the server would not be sealed. */
const NONE = (): boolean => false;

/** Resolves when a person has opened the server; undefined when it is to stop. */
export async function waitSealed(ports: SealedPorts): Promise<Unsealed | undefined> {
  const { config, sealed, server, socket, clock, log, stop, serving } = ports;
  const places = () => rereadSealPlaces(config);
  const unsealing = new Unsealing({ ...sealed.rows, dataKeys: sealed.dataKeys, places, clock, log });
  const unsealed = Promise.withResolvers<Opened | undefined>();
  const api = createSealedApi({
    server,
    seals: sealed.rows.seals.map((seal) => showSeal(seal, config, NONE)),
    warnings: warningsOf(sealed),
    unseal: (request) => unsealing.unseal(request),
    onUnsealed: (opened) => {
      unsealed.resolve(opened);
      return serving;
    },
  });
  await socket.serve(createPeopleListener({ people: api, stopping: stop }, log));
  log.warn(
    { event: 'sealed', seals: sealed.rows.seals.map(({ id }) => id), because: warningsOf(sealed) },
    'the server is sealed and waits for a person',
  );
  ports.onSealed();
  const onStop = (): void => unsealed.resolve(undefined);
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop, { once: true });
  const opened = await unsealed.promise;
  stop.removeEventListener('abort', onStop);
  return opened === undefined ? undefined : { opened, refused: unsealing.refused };
}

function warningsOf({ rows, failures }: SealedServer): string[] {
  return [
    ...failures.map(({ sentence }) => sentence),
    ...rows.malformed.map((id) => `the row of the seal "${id}" was altered in the database`),
  ];
}

/** The name as it stands in the database: for people, before anything of it can be judged. */
export async function unjudgedName(reader: Reader): Promise<ServerName> {
  const unknown = { id: '', name: '' };
  try {
    const body: unknown = JSON.parse((await reader.row('setting', 'server'))?.body ?? '{}');
    const { id, name } = body as Readonly<Record<string, unknown>>;
    return typeof id === 'string' && typeof name === 'string' ? { id, name } : unknown;
  } catch {
    return unknown;
  }
}
