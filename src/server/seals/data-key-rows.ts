/** The rows of the data keys: each wrapped by the root key, so that none needs a MAC. Old ones are kept for ever. */
import type { DataKeyRow } from '#crypto/keyring.ts';
import type { Reader, Transaction } from '#store/transaction.ts';

const NO_MAC = new Uint8Array(0);

export async function readDataKeys(reader: Reader): Promise<readonly DataKeyRow[]> {
  return (await reader.rows('data-key')).map(({ id, body }) => ({
    number: Number(id),
    wrapped: Buffer.from(body, 'base64'),
  }));
}

export async function putDataKey(transaction: Transaction, dataKey: DataKeyRow): Promise<void> {
  const body = Buffer.from(dataKey.wrapped).toString('base64');
  await transaction.putRow({ kind: 'data-key', id: String(dataKey.number), body, mac: NO_MAC });
}
