/** What is left when the process or the disk fails in the middle of writing. */
import assert from 'node:assert/strict';
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { keyId } from './stored-rows.ts';
import { hasTool, missing } from './system-tools.ts';
import { startWriter } from './writing-child.ts';

function onFatal(error: KeystairError): never {
  throw error;
}

function openAgain(directory: string): Promise<Store> {
  return openSqliteStore({ directory, onFatal, auditReserveBytes: 0 });
}

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'keystair-crash-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Asserts that the repository is whole and holds those keys; each work's keys and event together or not at all. */
async function holds(store: Store, acknowledged: readonly number[]): Promise<void> {
  assert.deepEqual(await store.checkStructure(), []);
  const keys = await store.reader.keysAfter(0, 1_000_000);
  const ids = new Set(keys.map(({ id }) => id));
  const lost = acknowledged.filter((n) => !ids.has(keyId(n)));
  assert.deepEqual(lost, [], `${lost.length} of ${acknowledged.length} acknowledged keys are lost`);
  const events = await store.reader.auditAfter(0, 1_000_000);
  const told = events.flatMap(({ event }) => event.split(' ').slice(1).map(Number));
  assert.deepEqual(
    keys.map(({ id }) => id),
    told.map(keyId),
  );
}

void test(
  'kill -9 under load loses nothing that was acknowledged, and leaves no lock',
  { timeout: 120_000 },
  () =>
    withDirectory(async (directory) => {
      const acknowledged: number[] = [];
      // From a few single keys to more than one checkpoint of large works.
      const rounds = [
        { works: 1, rows: 1, kill: 5 },
        { works: 64, rows: 1, kill: 700 },
        { works: 1, rows: 1, kill: 150 },
        { works: 16, rows: 200, kill: 40_000 },
        { works: 64, rows: 3, kill: 3000 },
        { works: 7, rows: 40, kill: 9000 },
      ];
      for (const [round, { works, rows, kill }] of rounds.entries()) {
        const writer = startWriter({ directory, first: round * 1_000_000, works, rows });
        await writer.acknowledges(kill);
        assert.ok(writer.process.kill('SIGKILL'), 'the writer ended by itself');
        const { complaint } = await writer.ended;
        assert.equal(complaint, '');
        assert.ok(writer.acknowledged.length >= kill);
        acknowledged.push(...writer.acknowledged);
        const store = await openAgain(directory);
        await holds(store, acknowledged);
        await store.close();
      }
    }),
);

/** A repository as a crash left it: the write-ahead log still holds everything. */
async function killedRepository(directory: string): Promise<readonly number[]> {
  const writer = startWriter({ directory, first: 0, works: 4, rows: 2 });
  await writer.acknowledges(200);
  writer.process.kill('SIGKILL');
  await writer.ended;
  return writer.acknowledged;
}

void test('a write-ahead log with a torn end is read up to the last whole commit', { timeout: 60_000 }, () =>
  withDirectory(async (directory) => {
    const torn = join(directory, 'torn');
    const acknowledged = await killedRepository(join(directory, 'killed'));
    const database = await readFile(join(directory, 'killed', 'keystair.db'));
    const log = join(directory, 'killed', 'keystair.db-wal');
    const { size } = await stat(log);

    const openTorn = async (tear: (path: string) => Promise<void>): Promise<readonly string[]> => {
      await rm(torn, { recursive: true, force: true });
      await mkdir(torn);
      const copy = await open(join(torn, 'keystair.db'), 'w');
      await copy.writeFile(database);
      await copy.close();
      await copyFile(log, join(torn, 'keystair.db-wal'));
      await tear(join(torn, 'keystair.db-wal'));
      const store = await openAgain(torn);
      assert.deepEqual(await store.checkStructure(), []);
      const keys = await store.reader.keysAfter(0, 1_000_000);
      await store.close();
      assert.deepEqual(
        keys.map(({ seq }) => seq),
        keys.map((_, index) => index + 1),
      );
      return keys.map(({ id }) => id);
    };

    const whole = await openTorn(() => Promise.resolve());
    for (const n of acknowledged) assert.ok(whole.includes(keyId(n)));
    // What a commit that never ended leaves: part of a page, then bytes from anywhere.
    assert.deepEqual(await openTorn((path) => appendFile(path, Buffer.alloc(1000, 0xa5))), whole);
    assert.deepEqual(await openTorn((path) => appendFile(path, Buffer.alloc(9000))), whole);
    for (const bytes of [1, 500, 4120, 4121, 20_000]) {
      const kept = await openTorn((path) => truncate(path, size - bytes));
      assert.ok(kept.length < whole.length, 'the last commit was torn');
      assert.deepEqual(kept, whole.slice(0, kept.length));
      assert.ok(whole.length - kept.length <= Math.ceil(bytes / 4120) * 8 + 8);
    }
  }),
);

const noStrace = missing(hasTool('strace'), 'install strace to make system calls fail');

/** The writer, with such system calls failing from the so-manieth on. */
function failing(calls: string, from: number, path?: string, error = 'EIO'): readonly string[] {
  const only = path === undefined ? [] : ['-P', path];
  const inject = `inject=${calls}:error=${error}:when=${from}+`;
  return [
    'strace',
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-o',
    '/dev/null',
    ...only,
    '-e',
    `trace=${calls}`,
    '-e',
    inject,
  ];
}

async function endsAtFailure(directory: string, under: readonly string[], rows: number): Promise<void> {
  const writer = startWriter({ directory, first: 0, works: 8, rows, under });
  const { code, complaint } = await writer.ended;
  assert.match(complaint, /^fatal data-not-writable: .* start the server again\n$/);
  assert.equal(code, 70);
  assert.ok(writer.acknowledged.length > 0, 'it failed before it acknowledged anything');
  const store = await openAgain(directory);
  await holds(store, writer.acknowledged);
  await store.close();
}

void test(
  'a sync of a commit that fails ends the process, and acknowledges nothing after it',
  { skip: noStrace, timeout: 60_000 },
  () => withDirectory((directory) => endsAtFailure(directory, failing('fsync,fdatasync', 40), 1)),
);

void test(
  'a reader is told of nothing that a failed sync left in doubt',
  { skip: noStrace, timeout: 60_000 },
  () =>
    withDirectory(async (directory) => {
      const under = failing('fsync,fdatasync', 60);
      const writer = startWriter({ directory, first: 0, works: 8, rows: 1, under, reading: true });
      await writer.ended;
      const told = writer.acknowledged.length;
      assert.ok(writer.read() > 0, 'it read');
      assert.ok(writer.read() <= told, `${writer.read()} keys were read, and only ${told} were acknowledged`);
    }),
);

void test(
  'a sync of the directory that fails ends the start: a log without its name is lost',
  { skip: noStrace, timeout: 60_000 },
  () =>
    withDirectory(async (directory) => {
      // Two are made before the database is opened, and the next by SQLite, which goes on when it fails.
      const under = failing('fsync,fdatasync', 3, directory);
      const writer = startWriter({ directory, first: 0, works: 1, rows: 1, under });
      await writer.acknowledges(1);
      const { acknowledged } = writer;
      writer.process.kill('SIGKILL');
      const { complaint } = await writer.ended;
      assert.deepEqual(acknowledged, []);
      assert.match(complaint, /data-not-writable/);
    }),
);

void test(
  'a file system that has no flush for a directory is refused before anything is made there',
  { skip: noStrace, timeout: 60_000 },
  () =>
    withDirectory(async (directory) => {
      const under = failing('fsync', 1, directory, 'EINVAL');
      const writer = startWriter({ directory, first: 0, works: 1, rows: 1, under });
      const { complaint } = await writer.ended;
      assert.match(complaint, /data-not-writable/);
      assert.deepEqual(await readdir(directory), []);
    }),
);

void test('a write of a commit that fails ends the process', { skip: noStrace, timeout: 60_000 }, () =>
  withDirectory((directory) => endsAtFailure(directory, failing('pwrite64', 200), 1)),
);

void test('a sync of a checkpoint that fails ends the process', { skip: noStrace, timeout: 60_000 }, () =>
  withDirectory((directory) => {
    // The database file is synced when it is opened, when it becomes one with a log, and then by checkpoints only.
    return endsAtFailure(directory, failing('fsync,fdatasync', 3, join(directory, 'keystair.db')), 500);
  }),
);
