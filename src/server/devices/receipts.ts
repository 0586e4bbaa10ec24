/**
 * Receipts: a record sealed under the server's receipt key, handed to the device, which cannot open it. Every backup
 * contains the receipt key. A server restored to an older copy of its data recovers its keys from receipts.
 */
import { nonceSource } from '#crypto/nonces.ts';
import { XAES_NONCE_BYTES, XaesKey } from '#crypto/xaes-256-gcm.ts';
import { parseJson } from '#domain/bounded-json.ts';
import type { CheckedKey, CompleteKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import { addToTotals } from '#domain/receipt.ts';
import { askedKeyFromWire, keyToWire } from '#protocol/wire-key.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import type { Random } from '../environment/environment.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

const RECEIPT_KEY = 'receipt-key';
/** Allows another form of receipt later. */
const VERSION = 1;

export async function storeNewReceiptKey(
  rows: TrustedRows,
  transaction: Transaction,
  random: Random,
): Promise<void> {
  await rows.putSecret(transaction, RECEIPT_KEY, random(32));
}

export async function loadReceipts(
  rows: TrustedRows,
  store: Store,
  random: Random,
  serverId: string,
): Promise<Receipts> {
  const key = await rows.getSecret(store.reader, RECEIPT_KEY);
  if (key === undefined) {
    throw new KeystairError('row-untrusted', "this server's receipt key is missing", {
      nextStep: 'restore the data directory from a backup',
    });
  }
  return new Receipts(key, random, serverId);
}

export class Receipts {
  readonly #key: XaesKey;
  readonly #nextNonce: () => Uint8Array;
  readonly #serverId: string;

  constructor(key: Uint8Array, random: Random, serverId: string) {
    this.#key = new XaesKey(key);
    this.#nextNonce = nonceSource(random);
    this.#serverId = serverId;
  }

  /** Base64. Bound to this server, the device that keeps it, and the key's id. */
  seal(deviceId: string, complete: CompleteKey): string {
    const nonce = this.#nextNonce();
    const plaintext = Buffer.from(JSON.stringify(keyToWire(complete)));
    const sealed = this.#key.seal(nonce, plaintext, this.#associated(deviceId, complete.key.id));
    return Buffer.concat([Buffer.of(VERSION), nonce, sealed]).toString('base64');
  }

  /**
   * The key in a receipt; undefined if this server did not make the receipt for that device and id, or it holds another
   * key.
   */
  open(deviceId: string, keyId: string, receipt: string): CheckedKey | undefined {
    const bytes = Buffer.from(receipt, 'base64');
    if (bytes[0] !== VERSION || bytes.length <= XAES_NONCE_BYTES + 17) return undefined;
    const nonce = bytes.subarray(1, 1 + XAES_NONCE_BYTES);
    const opened = this.#key.open(
      nonce,
      bytes.subarray(1 + XAES_NONCE_BYTES),
      this.#associated(deviceId, keyId),
    );
    if (opened === undefined) return undefined;
    return askedKeyFromWire(parseJson(Buffer.from(opened).toString('utf8'), KEY_JSON), keyId);
  }

  #associated(deviceId: string, keyId: string): Uint8Array {
    return Buffer.from(`keystair/receipt/v1\n${this.#serverId}\n${deviceId}\n${keyId}`);
  }
}

export interface HeldReceipt {
  readonly id: string;
  readonly seq: number;
  /** The key was recorded in this transaction, so nobody can hold a receipt for it yet. */
  readonly isNew?: boolean;
}

/** Notes that the device holds receipts for these keys. Those it already had, and those named twice, count once. */
export async function noteReceipts(
  transaction: Transaction,
  deviceId: string,
  keys: readonly HeldReceipt[],
): Promise<void> {
  const ids = new Map(keys.map(({ id, seq }) => [seq, id]));
  const older = keys.filter(({ isNew }) => isNew !== true).map(({ seq }) => seq);
  if (older.length > 0) for (const seq of await transaction.hasReceipts(deviceId, older)) ids.delete(seq);
  if (ids.size === 0) return;
  const totals = addToTotals(await transaction.receiptTotals(deviceId), [...ids.values()]);
  await transaction.addReceipts(deviceId, [...ids.keys()], totals);
}
