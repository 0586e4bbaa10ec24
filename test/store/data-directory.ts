/** Data directories of tests, and what a refusal to open one must say. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { keysAfterHead } from './stored-rows.ts';

export function onFatal(error: KeystairError): never {
  throw error;
}

export const RESERVE_BYTES = 256 * 1024;

export function openIn(directory: string): Promise<Store> {
  return openSqliteStore({ directory, onFatal, auditReserveBytes: RESERVE_BYTES });
}

/** Runs the body with the path of a directory that is not there yet. */
export async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const above = await mkdtemp(join(tmpdir(), 'keystair-files-'));
  try {
    await body(join(above, 'data'));
  } finally {
    await rm(above, { recursive: true });
  }
}

export async function record(store: Store, from: number, count: number): Promise<void> {
  const ns = Array.from({ length: count }, (_, index) => from + index);
  await store.write(async (transaction) =>
    transaction.appendKeys(keysAfterHead(await transaction.head(), ns)),
  );
}

export async function repositoryWith(directory: string, keys: number): Promise<void> {
  const store = await openIn(directory);
  await record(store, 0, keys);
  await store.close();
}

/** Asserts a refusal that names the directory and a next step. */
export function refuses(code: ErrorCode, directory: string, sentence: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, code);
    assert.ok(error.message.includes(directory), error.message);
    assert.match(error.sentence, sentence);
    return true;
  };
}
