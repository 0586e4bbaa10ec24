/**
 * A server of which only export and import are used: the real store, barrier, audit log and transfers, with a scrypt
 * work factor that costs nothing.
 */
import { randomBytes } from 'node:crypto';
import { prepareSeal, type SealedTo } from '#crypto/export-envelope/seal-export.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { Caller } from '#domain/right.ts';
import type { ExportRequest, ImportReport, ImportRequest } from '#protocol/people/routes/transfers.ts';
import { createRepository, openRepository, isNew } from '#server/start/create-repository.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import type { Log, Timers } from '#server/environment/environment.ts';
import { PendingRepairs } from '#server/integrity/repair/pending-repairs.ts';
import { Signal } from '#server/environment/signal.ts';
import { ServerIdentities } from '#server/transfer/server-identities.ts';
import type { TransferPorts } from '#server/transfer/transfer-ports.ts';
import { Transfers } from '#server/transfer/transfers.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { ADMINISTRATOR } from './administrator.ts';
import { atTheEnd } from './at-the-end.ts';
import { exportWhole, importWhole } from './transfer-calls.ts';

export const PASSWORD = 'plum-river-candle-9-otter';
export const WORK_FACTOR = 4;
export const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export interface OfficeOptions {
  readonly directory?: string;
  readonly sealKey?: Uint8Array;
  /** The store as the server sees it, for faults. */
  readonly through?: (store: Store) => Store;
  readonly auditReserveBytes?: number;
  /** In place of real ones. */
  readonly timers?: Timers;
}

export interface Office {
  readonly ports: TransferPorts;
  readonly transfers: Transfers;
  readonly store: Store;
  record(keys: readonly CompleteKey[]): Promise<void>;
  /** The whole file. */
  exported(request?: Partial<ExportRequest>, caller?: Caller): Promise<Buffer>;
  imported(
    file: Uint8Array | AsyncIterable<Uint8Array>,
    request?: Partial<ImportRequest & { readonly dryRun: boolean }>,
    caller?: Caller,
    signal?: AbortSignal,
  ): Promise<ImportReport>;
  ids(): Promise<string[]>;
  /** The audit log's events of one kind, oldest first. */
  events(event: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function openOffice(name: string, options: OfficeOptions = {}): Promise<Office> {
  const { directory, sealKey = random(32), through = (store: Store) => store } = options;
  const opened = await openSqliteStore({
    ...(directory === undefined ? { path: ':memory:' } : { directory }),
    ...(options.auditReserveBytes === undefined ? {} : { auditReserveBytes: options.auditReserveBytes }),
    onFatal: (error) => {
      throw error;
    },
  });
  // A test asks for a full disk where it is about one.
  const store = through({ ...opened, freeBytes: async () => Number.MAX_SAFE_INTEGER });
  const clock = (): number => Date.now();
  const made = { store, clock, random, log: silent };
  const repository = (await isNew(store.reader))
    ? await createRepository(made, sealKey, name)
    : await openRepository(made, sealKey, undefined);
  const { rows } = repository;
  const realTimers: Timers = {
    after(ms, call) {
      const timer = setTimeout(call, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
  const ports: TransferPorts = {
    ...made,
    ...repository,
    timers: options.timers ?? realTimers,
    wanted: new PendingRepairs({ ...repository, clock, random }),
    keysRecorded: new Signal(),
    identities: new ServerIdentities(rows, store),
    workFactor: WORK_FACTOR,
  };
  const transfers = new Transfers({ ...ports, noteStranger: async () => undefined });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= transfers.stop().then(() => store.close());
    return closing;
  };
  atTheEnd(close);

  return {
    ports,
    transfers,
    store,
    async record(keys) {
      const checked = keys.map((key) => checkKey(key));
      await store.write((transaction) => recordKeys(ports, transaction, checked, 'device:test'));
    },
    async exported(request = {}, caller = ADMINISTRATOR) {
      const blocks: Uint8Array[] = [];
      const secret = request.recipient === undefined ? { password: PASSWORD } : {};
      await exportWhole(transfers, caller, { ...secret, ...request }, async ({ bytes }) => {
        for await (const block of bytes) blocks.push(block);
      });
      return Buffer.concat(blocks);
    },
    imported(file, request = {}, caller = ADMINISTRATOR, signal = new AbortController().signal) {
      const life = { signal, onConfirmed: () => {} };
      const bytes = file instanceof Uint8Array ? inPieces(file) : file;
      return importWhole(transfers, caller, { password: PASSWORD, dryRun: false, ...request }, bytes, life);
    },
    ids: async () => (await store.reader.keysAfter(0, 1_000_000)).map(({ id }) => id).toSorted(),
    async events(event) {
      const all = await store.reader.auditAfter(0, 1_000_000);
      return all
        .map((row) => JSON.parse(row.event) as Record<string, unknown>)
        .filter((entry) => entry['event'] === event);
    },
    close,
  };
}

export async function* inPieces(
  bytes: Uint8Array,
  size = 64 * 1024,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** An age file with anything inside. */
export async function sealed(
  inside: string | Uint8Array | AsyncIterable<Uint8Array>,
  to: SealedTo = { kind: 'password', password: KeyMaterial.fromText(PASSWORD) },
): Promise<Buffer> {
  const seal = await prepareSeal(to, { random, workFactor: WORK_FACTOR });
  const blocks: Uint8Array[] = [];
  const bytes = typeof inside === 'string' ? Buffer.from(inside) : inside;
  const source = bytes instanceof Uint8Array ? inPieces(bytes) : bytes;
  for await (const block of seal.seal(source)) blocks.push(block);
  return Buffer.concat(blocks);
}
