/**
 * The checkpoints of this server's audit log, and proofs from its tree.
 *
 * Invariant: a checkpoint is signed only if it continues the one signed before it under the same origin. The last
 * checkpoint is a trusted row, written in the transaction that read the log, and a signature is sent only once that row
 * is durable.
 */
import type { NoteSigner } from '#crypto/note-keys.ts';
import type { LogHead } from '#domain/audit-log.ts';
import { checkpointText, originOf } from '#domain/checkpoint.ts';
import { KeystairError } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import { consistencyRanges, inclusionRanges, type LeafRange, type SizedRoot } from '#domain/merkle-tree.ts';
import { noteText } from '#domain/signed-note.ts';
import { step } from '#domain/step.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { TileReader } from '../audit/tiles.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readEpoch } from '../repository/settings.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { type LogKeys, verifierKeys } from './log-keys.ts';

/** A checkpoint with the log's signatures. */
export interface SignedCheckpoint extends LogHead {
  readonly note: string;
  /** When it was signed, Unix ms. */
  readonly at: number;
}

const OWN = 'own';

export function readOwnCheckpoint(rows: TrustedRows, reader: Reader): Promise<SignedCheckpoint | undefined> {
  return rows.get<SignedCheckpoint>(reader, 'checkpoint', OWN);
}

/** What an event says about the last checkpoint. */
export async function lastKnownHead(rows: TrustedRows, reader: Reader): Promise<LogHead | null> {
  const last = await readOwnCheckpoint(rows, reader);
  return last === undefined ? null : headOf(last);
}

export function headOf({ origin, size, root }: LogHead): LogHead {
  return { origin, size, root };
}

export class Checkpoints {
  readonly #ports: Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'server' | 'store'>;
  readonly #keys: LogKeys;
  /**
   * The primary witnessed a different history of this log, and countersigns nothing until its administrator
   * acknowledges the gap.
   */
  gapAtPrimary = false;
  #signers: { readonly origin: string; readonly signers: readonly NoteSigner[] } | undefined;

  constructor(ports: Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'server' | 'store'>, keys: LogKeys) {
    this.#ports = ports;
    this.#keys = keys;
  }

  get witness(): readonly NoteSigner[] {
    return this.#keys.ofWitness;
  }

  /** The public keys of the log under its present name, Ed25519 first. */
  async verifierKeys(reader: Reader): Promise<string[]> {
    return this.verifierKeysOf(await this.#origin(reader));
  }

  verifierKeysOf(origin: string): string[] {
    return verifierKeys(this.#signersOf(origin));
  }

  /** The log as it is now, without a signature. */
  async head(reader: Reader): Promise<LogHead> {
    const { size, root } = await this.#ports.audit.treeHead(reader);
    return { origin: await this.#origin(reader), size, root: toHex(root) };
  }

  /**
   * Signs the log as it is now. @param youngMs the last checkpoint is returned if it is no older than this. Throws
   * `data-damaged`.
   */
  async sign(youngMs = 0): Promise<SignedCheckpoint> {
    const { rows, store, clock } = this.#ports;
    const last = await readOwnCheckpoint(rows, store.reader);
    if (last !== undefined) {
      const now = await this.head(store.reader);
      if (sameHead(last, now)) return last;
      const age = clock() - last.at;
      if (last.origin === now.origin && age >= 0 && age < youngMs) return last;
    }
    return store.write((transaction) => this.#sign(transaction));
  }

  async #sign(transaction: Transaction): Promise<SignedCheckpoint> {
    const { rows, audit, clock } = this.#ports;
    const origin = await this.#origin(transaction);
    const { size, root } = await audit.treeHead(transaction);
    const last = await readOwnCheckpoint(rows, transaction);
    if (last?.origin === origin) {
      if (sameHead(last, { origin, size, root: toHex(root) })) return last;
      if (last.size > size || toHex(await rootAt(transaction, last.size)) !== last.root)
        throw notContinued(last);
    }
    const checkpoint = { origin, size, root };
    const at = clock();
    const signatures = this.#signersOf(origin).map((signer) => signer.sign(checkpoint, at));
    const signed = {
      origin,
      size,
      root: toHex(root),
      note: noteText(checkpointText(checkpoint), signatures),
      at,
    };
    await rows.put(transaction, 'checkpoint', OWN, signed);
    return signed;
  }

  /** Proves that line `index` + 1 is in the log of that size. */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return hashesOf(this.#ports.store.reader, inclusionRanges(index, size));
  }

  /** Proves that the log of size `second` continues that of size `first`. */
  consistency(first: number, second: number): Promise<Uint8Array[]> {
    return hashesOf(this.#ports.store.reader, consistencyRanges(first, second));
  }

  async #origin(reader: Reader): Promise<string> {
    const { rows, server } = this.#ports;
    return originOf(server.id, (await readEpoch(rows, reader))?.epoch ?? '');
  }

  #signersOf(origin: string): readonly NoteSigner[] {
    if (this.#signers?.origin !== origin) this.#signers = { origin, signers: this.#keys.ofLog(origin) };
    return this.#signers.signers;
  }
}

export function sameHead(left: LogHead, right: LogHead): boolean {
  return left.origin === right.origin && left.size === right.size && left.root === right.root;
}

/** The root of the log's tree at an earlier size. Throws `data-damaged`. */
function rootAt(reader: Reader, size: number): Promise<Uint8Array> {
  return new TileReader(reader).hashOf({ begin: 0, end: size });
}

/** Whether the present log had that root at that size. */
export async function holds(
  reader: Reader,
  { size, root }: Pick<LogHead, 'size' | 'root'>,
): Promise<boolean> {
  if ((await reader.auditHead()).seq < size) return false;
  return toHex(await rootAt(reader, size)) === root;
}

async function hashesOf(reader: Reader, ranges: readonly LeafRange[]): Promise<Uint8Array[]> {
  const tiles = new TileReader(reader);
  const hashes: Uint8Array[] = [];
  for (const range of ranges) hashes.push(await tiles.hashOf(range));
  return hashes;
}

function notContinued({ size }: Pick<LogHead, 'size'>): KeystairError {
  return new KeystairError(
    'data-damaged',
    `the audit log does not continue the checkpoint signed over its first ${size} lines, so no new one is signed`,
    { nextStep: step('verify-and-restore') },
  );
}

/** The size and root of a received checkpoint, as numbers and bytes. */
export function sizedRoot({ size, root }: Pick<LogHead, 'size' | 'root'>): SizedRoot {
  return { size, root: Buffer.from(root, 'hex') };
}
