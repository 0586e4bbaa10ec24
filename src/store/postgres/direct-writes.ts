/** Writes that are judged by what lies in the tables, and so are made there at once. */
import { assert, KeystairError } from '#domain/errors.ts';
import { type Position, SEQUENCE_START } from '#domain/sequence.ts';
import { step } from '#domain/step.ts';
import { provenRows } from '../repaired-rows.ts';
import type { PlacedKey, RefusedKey, ResealedKey, StagedHead, StagedKey, StoredKey } from '../rows.ts';
import type { Send } from './send-rows.ts';
import { insertRows, KEYS, REFUSED_KEYS, STAGED_KEYS } from './table-forms.ts';

export async function replaceSealed(send: Send, rows: readonly ResealedKey[]): Promise<void> {
  assert(new Set(rows.map(({ seq }) => seq)).size === rows.length, 'a record is sealed anew once');
  const { count } = await send(
    `UPDATE keystair.keys SET sealed = anew.sealed FROM unnest($1::bigint[], $2::bytea[]) AS anew (seq, sealed)
     WHERE keys.seq = anew.seq`,
    [rows.map(({ seq }) => seq), rows.map(({ sealed }) => sealed)],
  );
  assert(count === rows.length, 'only a record that is there is sealed anew');
}

/** @returns the head after it: the last row may be one of them. */
export async function repairKeys(send: Send, head: Position, rows: readonly StoredKey[]): Promise<Position> {
  const beside = rows.flatMap(({ seq }) => [seq - 1, seq, seq + 1]);
  const recorded = await send('SELECT seq, digest, chain FROM keystair.keys WHERE seq = ANY($1::bigint[])', [
    beside,
  ]);
  const links = new Map(
    recorded.rows.map(([seq, digest, chain]) => [
      seq as number,
      { digest: digest as Uint8Array, chain: chain as Uint8Array },
    ]),
  );
  const chainAt = (seq: number): Uint8Array | undefined =>
    seq === 0 ? SEQUENCE_START.chain : links.get(seq)?.chain;
  const proven = provenRows({ chainAt, linkAt: (seq) => links.get(seq) }, head, rows);
  // All are removed before any is written: two records may have changed places.
  await send('DELETE FROM keystair.keys WHERE seq = ANY($1::bigint[])', [proven.map(({ seq }) => seq)]);
  if (proven.length > 0) await insertRows(send, KEYS, proven);
  const last = proven.find(({ seq }) => seq === head.seq);
  return last === undefined ? head : { seq: last.seq, chain: last.chain };
}

/**
 * @param process which holds the stage while it lives.
 * @returns the first id that is staged already, or comes twice; then nothing was staged.
 */
export async function stageKeys(
  send: Send,
  process: string,
  importId: string,
  keys: readonly StagedKey[],
): Promise<string | undefined> {
  const seen = new Set<string>();
  for (const { id } of keys) {
    if (seen.has(id)) return id;
    seen.add(id);
  }
  const ids = [...seen];
  await send('INSERT INTO keystair.stages (import, process) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    importId,
    process,
  ]);
  const { rows } = await send(
    'SELECT id FROM keystair.staged_keys WHERE import = $1 AND id = ANY($2::uuid[]) LIMIT 1',
    [importId, ids],
  );
  if (rows.length > 0) return rows[0]![0] as string;
  await insertRows(
    send,
    STAGED_KEYS,
    keys.map((key) => ({ importId, ...key })),
  );
  return undefined;
}

export async function stagedHeads(
  send: Send,
  importId: string,
  limit: number,
): Promise<readonly StagedHead[]> {
  const { rows } = await send(
    'SELECT id, digest, length(sealed) = 0 FROM keystair.staged_keys WHERE import = $1 ORDER BY id LIMIT $2',
    [importId, limit],
  );
  return rows.map(([id, digest, forIdOnly]) => ({ id, digest, forIdOnly }) as StagedHead);
}

/** Copies staged rows into the table of keys. */
export async function appendStaged(
  send: Send,
  importId: string,
  placed: readonly PlacedKey[],
  receivedFrom: string,
): Promise<void> {
  const { count } = await send(
    `INSERT INTO keystair.keys (seq, id, digest, chain, device, fields, sealed, received_from, recorded_at)
     SELECT placed.seq, staged.id, digest, placed.chain, device, fields, sealed, $4, recorded_at
     FROM unnest($1::bigint[], $2::uuid[], $3::bytea[]) AS placed (seq, id, chain)
     JOIN keystair.staged_keys AS staged ON staged.import = $5 AND staged.id = placed.id`,
    [
      placed.map(({ seq }) => seq),
      placed.map(({ id }) => id),
      placed.map(({ chain }) => chain),
      receivedFrom,
      importId,
    ],
  );
  // They were read from the stage a moment ago.
  if (count === placed.length) return;
  throw new KeystairError('data-damaged', 'the staged keys of an import are damaged', {
    nextStep: step('verify-and-import'),
  });
}

/** @returns how many there were. */
export async function dropStaged(send: Send, importId: string, limit: number): Promise<number> {
  const { count } = await send(
    `DELETE FROM keystair.staged_keys WHERE import = $1 AND id IN
       (SELECT id FROM keystair.staged_keys WHERE import = $1 ORDER BY id LIMIT $2)`,
    [importId, limit],
  );
  await send(
    `DELETE FROM keystair.stages WHERE import = $1
       AND NOT EXISTS (SELECT 1 FROM keystair.staged_keys WHERE import = $1)`,
    [importId],
  );
  return count;
}

export async function putRefusedKeys(send: Send, refused: readonly RefusedKey[]): Promise<void> {
  // The last of a number stands.
  const byNumber = new Map(refused.map((key) => [`${key.memberId}\0${key.epoch}\0${key.seq}`, key]));
  await insertRows(send, REFUSED_KEYS, [...byNumber.values()]);
}
