/**
 * The agent's state: one SQLite file, mode 0600, in a directory of its own. It holds the device's key pair, the
 * membership, id and claim of every key that the device made or opened, material of those it made, receipts, and the
 * requests for keys that it made without a connection.
 *
 * Invariant: every change is one transaction, flushed before it counts. Commands that run side by side wait for one
 * another. It is as safe as the disk it is on, and `agent status` says so.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { requireClosedDirectory, requireOwnDatabase, makeClosedDirectory } from '#disk/closed-directory.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { KEY_REQUESTS_KEPT_MAX } from '#domain/key-request.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import { type AgentKey, keyFromRow } from './agent-key.ts';
import type { FailedRotation } from './policy/failed-rotation.ts';
import type { DriveProof } from './proofs/drive-proof.ts';
import { isReadable, openDatabase } from './state-database.ts';
import { stateDamaged, stateFailure } from './state-failure.ts';

const STATE_FILE = 'agent.db';
/** The name of its directory in sentences. */
const STATE_DIRECTORY = "the agent's state directory";

/** The device's place at one server. */
export interface Membership {
  readonly server: ServerName;
  readonly addresses: readonly string[];
  /** PEM of the authority pinned when joining. */
  readonly authority: string;
  readonly certificate: string;
}

export interface Device {
  readonly id: string;
  readonly name: string;
  /** PKCS #8. One for the life of the device: every server binds the device's id to it. */
  readonly privateKeyPem: string;
}

/** A request for a key, made without a connection. */
export interface MadeRequest {
  readonly id: string;
  readonly key: string;
  /** Opens the answer; null once it was used. */
  readonly identity: KeyMaterial | null;
}

/** Facts with one value each. */
interface Facts {
  device: Device;
  membership: Membership;
  /** The server to which this device is changing, until the change is over. */
  arriving: { readonly membership: Membership; readonly secretHash: string };
  /** The server that the device left and has not notified yet, and where the device went. */
  'left-server': { readonly membership: Membership; readonly to: ServerName };
  /** The new server has not been notified yet that the device has moved over. */
  'tell-arrived': true;
  /** ISO times. */
  'last-heartbeat': string;
  'last-problem': string | null;
  /** The last check of each drive. */
  'drive-proofs': readonly DriveProof[];
  /** Drives that were to get a new key and did not. */
  'failed-rotations': readonly FailedRotation[];
  /** The policy that holds for this device, as JSON: a later release may nest more in it than a fact has. */
  policy: string;
}

/** The fields of a fact that code relies on: a flipped bit on disk may rename a field. */
const MEMBERSHIP_FIELDS: readonly (keyof Membership)[] = ['server', 'addresses', 'authority', 'certificate'];
const FIELDS: { readonly [N in keyof Facts]?: readonly string[] } = {
  device: ['id', 'name', 'privateKeyPem'] satisfies readonly (keyof Device)[],
  membership: MEMBERSHIP_FIELDS,
  arriving: ['membership', 'secretHash'],
  'left-server': ['membership', 'to'],
};

export class AgentState {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly directory: string;

  /** Use `open`. */
  constructor(directory: string, database: DatabaseSync) {
    this.directory = directory;
    this.#path = join(directory, STATE_FILE);
    this.#database = database;
  }

  /** Opens the state, or makes it where `create`. Throws `not-enrolled` where there is none, and `data-exposed`. */
  static open(directory: string, { create }: { readonly create: boolean }): AgentState {
    const path = join(directory, STATE_FILE);
    const isThere = isReadable(path);
    if (!isThere) {
      if (!create) {
        throw new KeystairError('not-enrolled', `there is no agent state in ${directory}`, {
          nextStep: step('enrol-device'),
        });
      }
      makeClosedDirectory(resolve(directory), STATE_DIRECTORY);
    }
    requireClosedDirectory(directory, STATE_DIRECTORY);
    requireOwnDatabase(path);
    if (!isThere) {
      // The file must never be readable by others, not even while it is empty.
      writeFileSync(path, '', { mode: 0o600, flag: 'a' });
      chmodSync(path, 0o600);
    }
    return new AgentState(directory, openDatabase(path));
  }

  close(): void {
    this.#database.close();
  }

  get<N extends keyof Facts>(name: N): Facts[N] | undefined {
    const row = this.#row('SELECT value FROM facts WHERE name = ?', name);
    if (row === undefined) return undefined;
    try {
      const value = parseJson(String(row['value']), REQUEST_JSON) as Facts[N];
      const fields = FIELDS[name] ?? [];
      if (fields.every((field) => field in (value as object))) return value;
      throw new Error(`the fact ${name} lacks a field`);
    } catch (cause) {
      throw stateDamaged(this.#path, cause);
    }
  }

  /** Undefined where the disk damaged it, too: for what is found out anew. */
  getUnlessDamaged<N extends keyof Facts>(name: N): Facts[N] | undefined {
    try {
      return this.get(name);
    } catch (error) {
      if (codeOf(error) === 'data-damaged') return undefined;
      throw error;
    }
  }

  set<N extends keyof Facts>(name: N, value: Facts[N]): void {
    this.#run(
      'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      JSON.stringify(value),
    );
  }

  unset(name: keyof Facts): void {
    this.#run('DELETE FROM facts WHERE name = ?', name);
  }

  requireDevice(): Device {
    const device = this.get('device');
    if (device === undefined || this.get('membership') === undefined) {
      throw new KeystairError('not-enrolled', 'this device is not enrolled', {
        nextStep: step('enrol-device'),
      });
    }
    return device;
  }

  requireMembership(): Membership {
    this.requireDevice();
    return this.get('membership')!;
  }

  keys(): readonly AgentKey[] {
    return this.#rows('SELECT * FROM keys ORDER BY id').map(keyFromRow);
  }

  key(id: string): AgentKey | undefined {
    const row = this.#row('SELECT * FROM keys WHERE id = ?', id);
    return row === undefined ? undefined : keyFromRow(row);
  }

  putKey(key: AgentKey): void {
    this.#run(
      `INSERT INTO keys (id, kind, custody, claim, record, material, blind) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET custody = excluded.custody`,
      key.id,
      key.kind,
      key.custody,
      key.claim,
      key.record === null ? null : JSON.stringify(key.record),
      key.material === null ? null : key.material.expose(),
      key.blind,
    );
  }

  /** The material of a key is no longer on this device; its id and claim are. */
  forgetMaterial(id: string): void {
    this.#run('UPDATE keys SET material = NULL WHERE id = ?', id);
  }

  putReceipt(serverId: string, keyId: string, receipt: string): void {
    this.#run(
      'INSERT OR REPLACE INTO receipts (server, key, receipt) VALUES (?, ?, ?)',
      serverId,
      keyId,
      receipt,
    );
  }

  receiptIds(serverId: string): readonly string[] {
    return this.#rows('SELECT key FROM receipts WHERE server = ? ORDER BY key', serverId).map((row) =>
      String(row['key']),
    );
  }

  receipt(serverId: string, keyId: string): string | undefined {
    const row = this.#row('SELECT receipt FROM receipts WHERE server = ? AND key = ?', serverId, keyId);
    return row === undefined ? undefined : String(row['receipt']);
  }

  /** @param made ISO 8601. */
  putRequest({ id, key, identity }: MadeRequest & { readonly identity: KeyMaterial }, made: string): void {
    this.transaction(() => {
      this.#run(
        'INSERT INTO requests (id, key, made, identity) VALUES (?, ?, ?, ?)',
        id,
        key,
        made,
        identity.expose(),
      );
      this.#run(
        'DELETE FROM requests WHERE rowid <= (SELECT max(rowid) FROM requests) - ?',
        KEY_REQUESTS_KEPT_MAX,
      );
    });
  }

  request(id: string): MadeRequest | undefined {
    const row = this.#row('SELECT key, identity FROM requests WHERE id = ?', id);
    if (row === undefined) return undefined;
    const { key, identity } = row;
    return {
      id,
      key: String(key),
      identity: identity instanceof Uint8Array ? new KeyMaterial(identity) : null,
    };
  }

  /** Those for this key that an answer may still come for, the newest first. */
  requestsFor(key: string): readonly MadeRequest[] {
    const rows = this.#rows('SELECT id FROM requests WHERE key = ? ORDER BY rowid DESC', key);
    return rows.flatMap((row) => this.request(String(row['id'])) ?? []);
  }

  /** What opened its answer is forgotten; that it was made is not. */
  endRequest(id: string, used: string): void {
    this.#run('UPDATE requests SET identity = NULL, used = ? WHERE id = ?', used, id);
  }

  /** All that the work does is durable together, or not at all. */
  transaction<T>(work: () => T): T {
    this.#told(() => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      this.#told(() => this.#database.exec('COMMIT'));
      return result;
    } catch (error) {
      // Some failures end the transaction by themselves.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#told(() => this.#database.prepare(sql).run(...values));
  }

  #row(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#told(() => this.#database.prepare(sql).get(...values));
  }

  #rows(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#told(() => this.#database.prepare(sql).all(...values));
  }

  #told<T>(access: () => T): T {
    try {
      return access();
    } catch (error) {
      throw stateFailure(this.#path, error);
    }
  }
}
