/**
 * Verification: opens every record and recomputes everything that can be recomputed, from the rows alone. Works on a
 * live server: it reads in pages and lets others go between them.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { AUDIT_START, auditLeafHash, nextAuditChain } from '#domain/audit-log.ts';
import { checkKey, keyFromCanonical } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';
import type { StoredKey, TrustedKind } from '#store/store.ts';
import { auditMacFits } from './audit/audit-log.ts';
import { openStoredKey } from './keys/record-keys.ts';
import type { ServerPorts } from './ports.ts';

export type VerifyPorts = Pick<ServerPorts, 'store' | 'barrier' | 'rows'>;

const PAGE = 500;
/** Problems listed; behind so many the rest is only counted. */
const PROBLEMS_MAX = 1000;
const JUDGED_KINDS: readonly TrustedKind[] = [
  'setting',
  'member',
  'invitation',
  'primary',
  'import',
  'recovery',
  'authority',
  'seal',
];
/** Those whose rows are authenticated by being sealed. */
const KNOWN_KINDS: ReadonlySet<string> = new Set([...JUDGED_KINDS, 'secret', 'data-key']);

export async function verify(ports: VerifyPorts): Promise<{ ok: boolean; keys: number; problems: string[] }> {
  const problems = new Problems();
  await guard(problems, 'the database', async () => {
    for (const problem of await ports.store.checkStructure()) problems.add(problem);
  });
  const keys = await guard(problems, 'the keys', () => verifyKeys(ports, problems));
  await guard(problems, 'the audit log', () => verifyAudit(ports, problems));
  await guard(problems, 'the rows', () => verifyRows(ports, problems));
  const list = problems.list();
  return { ok: list.length === 0, keys: keys ?? 0, problems: list };
}

class Problems {
  readonly #sentences: string[] = [];
  #more = 0;

  add(sentence: string): void {
    if (this.#sentences.length < PROBLEMS_MAX) this.#sentences.push(sentence);
    else this.#more += 1;
  }

  list(): string[] {
    return this.#more === 0 ? this.#sentences : [...this.#sentences, `and ${this.#more} more`];
  }
}

/** A part that cannot be read at all is a problem, and the other parts are still looked at. */
async function guard<T>(problems: Problems, what: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    problems.add(
      `${what} cannot be read: ${error instanceof KeystairError ? error.sentence : 'the database is damaged'}`,
    );
    return undefined;
  }
}

async function verifyKeys(ports: VerifyPorts, problems: Problems): Promise<number> {
  const { reader } = ports.store;
  let position = SEQUENCE_START;
  for (;;) {
    const rows = await reader.keysAfter(position.seq, PAGE);
    for (const row of rows) {
      if (row.seq !== position.seq + 1) {
        problems.add(
          `the keys numbered ${position.seq + 1} to ${row.seq - 1} are missing; have them again from the primary, a secondary or a backup`,
        );
      }
      const chain = nextChainValue(position.chain, row.digest);
      if (row.seq === position.seq + 1 && Buffer.compare(chain, row.chain) !== 0) {
        problems.add(
          `key ${row.id}, number ${row.seq}, does not continue the chain: its row, or one before it, was altered`,
        );
      }
      const problem = problemOfKey(ports.barrier, row);
      if (problem !== undefined) problems.add(problem);
      position = { seq: row.seq, chain: row.chain };
    }
    if (rows.length < PAGE) return position.seq;
    await new Promise(setImmediate);
  }
}

function problemOfKey(barrier: Barrier, row: StoredKey): string | undefined {
  const again = 'have it again from the primary, a secondary or an export';
  try {
    const { digest } = checkKey(openStoredKey(barrier, row));
    if (Buffer.compare(digest, row.digest) !== 0)
      return `key ${row.id}, number ${row.seq}: its digest was altered; ${again}`;
    if (keyFromCanonical(row.id, row.fields).device.id !== row.deviceId) {
      return `key ${row.id}, number ${row.seq}: the device it is listed under was altered; ${again}`;
    }
    return undefined;
  } catch (error) {
    const why = error instanceof KeystairError ? error.message : 'its fields cannot be read';
    return `key ${row.id}, number ${row.seq}: ${why}; ${again}`;
  }
}

async function verifyAudit(ports: VerifyPorts, problems: Problems): Promise<void> {
  const { reader } = ports.store;
  let { seq, chain }: { seq: number; chain: Uint8Array } = AUDIT_START;
  let lastMac = true;
  for (;;) {
    const rows = await reader.auditAfter(seq, PAGE);
    for (const row of rows) {
      if (row.seq !== seq + 1) problems.add(`the audit log lacks the lines ${seq + 1} to ${row.seq - 1}`);
      const next = nextAuditChain(chain, auditLeafHash(row.event));
      if (Buffer.compare(next, row.chain) !== 0)
        problems.add(`line ${row.seq} of the audit log, or one before it, was altered`);
      if (!auditMacFits(ports.barrier, row))
        problems.add(`line ${row.seq} of the audit log was not written by this server`);
      seq = row.seq;
      chain = row.chain;
      lastMac = row.mac.length > 0;
    }
    if (rows.length < PAGE) break;
    await new Promise(setImmediate);
  }
  if (!lastMac) problems.add(`the audit log was cut or added to after its last sealed line`);
}

async function verifyRows(ports: VerifyPorts, problems: Problems): Promise<void> {
  for (const kind of JUDGED_KINDS) await ports.rows.all(ports.store.reader, kind);
  for (const kind of await ports.store.reader.rowKinds()) {
    if (KNOWN_KINDS.has(kind)) continue;
    problems.add(
      `a row is of the kind ${JSON.stringify(kind)}, which no program of ours writes: it was altered and counts as absent; make it anew, or restore the newest backup`,
    );
  }
  for (const row of ports.rows.untrusted) {
    problems.add(
      `the row "${row}" was altered and counts as absent; make it anew, or restore the newest backup`,
    );
  }
  for (const row of await ports.store.reader.rows('secret')) {
    const { id } = row;
    try {
      if (!ports.rows.fits(row)) throw new Error('its MAC does not fit');
      await ports.rows.getSecret(ports.store.reader, id);
    } catch {
      problems.add(`this server's own secret "${id}" does not open; restore the newest backup`);
    }
  }
}
