/**
 * Opens the audit log when a server starts: builds the tree over the lines of an older release, and rebuilds damaged
 * tiles from the lines.
 *
 * Invariant: memory is bounded, however long the log is. A tree that was not finished is built again from the
 * beginning.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { toHex } from '#domain/hex.ts';
import { type Frontier, leafHash } from '#domain/merkle-tree.ts';
import { nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';
import type { AuditHead, AuditRow, AuditTile } from '#store/rows.ts';
import type { Store } from '#store/store.ts';
import type { Log } from '../environment/environment.ts';
import { type AuditLog, auditMacFits } from './audit-log.ts';
import { frontierAt, frontierOfLines, leavesOf, pagesOfLines } from './lines.ts';
import { storeTiles, TileBuilder, TileReader } from './tiles.ts';

export interface OpenTreePorts {
  readonly store: Store;
  readonly barrier: Barrier;
  readonly audit: AuditLog;
  readonly log: Log;
}

/** The MAC's purpose in lines older than the tree. */
const CHAIN_MAC_PURPOSE = 'audit';

export async function openAuditTree(ports: OpenTreePorts): Promise<void> {
  const { reader } = ports.store;
  const head = await reader.auditHead();
  if (head.seq === 0) return;
  if (head.chain.length > 0) return startTree(ports, head);
  const stored = await new TileReader(reader).frontier(head.seq).catch(() => undefined);
  if (stored !== undefined && auditMacFits(ports.barrier, head, stored)) {
    ports.audit.know(head, stored);
    return;
  }
  const ofLines = await frontierOfLines(reader, head.seq);
  if (auditMacFits(ports.barrier, head, ofLines)) {
    // The lines are intact, so only the tiles were damaged.
    await makeTiles(ports.store, head);
    ports.audit.know(head, ofLines);
    return;
  }
  await goOnAltered(ports, head, stored ?? ofLines);
}

/** Makes the tiles of a log whose lines came from a backup. */
export async function restoreTree(ports: OpenTreePorts): Promise<void> {
  const head = await ports.store.reader.auditHead();
  if (head.seq === 0) return;
  if (head.chain.length > 0) return startTree(ports, head);
  const frontier = await makeTiles(ports.store, head);
  if (auditMacFits(ports.barrier, head, frontier)) ports.audit.know(head, frontier);
  else await goOnAltered(ports, head, frontier);
}

/** Starts with an altered log, so that custody and lookups still work; `server verify` names the lines. */
async function goOnAltered(
  { audit, log }: OpenTreePorts,
  head: AuditHead,
  frontier: Frontier,
): Promise<void> {
  log.error(
    { event: 'audit-log-altered', lines: head.seq },
    'the audit log was altered in the database; verify the server',
  );
  audit.know(head, frontier);
  await audit.record({ event: 'audit-log-altered', by: 'server', lines: head.seq });
}

/** Makes every older line a leaf of the tree. The first line after them records the end of their hash chain. */
async function startTree({ store, barrier, audit }: OpenTreePorts, head: AuditHead): Promise<void> {
  const chain = new ChainCheck(barrier);
  const frontier = await makeTiles(store, head, (rows) => chain.check(rows));
  audit.know(head, frontier);
  await audit.record({
    event: 'audit-tree-started',
    by: 'server',
    lines: head.seq,
    chain: toHex(head.chain),
    faults: chain.faults,
  });
}

/** Makes every tile again, including lines that are appended meanwhile. */
export async function makeTiles(
  store: Store,
  { seq: size }: Pick<AuditHead, 'seq'>,
  look: (rows: readonly AuditRow[]) => void = () => undefined,
): Promise<Frontier> {
  const builder = new TileBuilder();
  for await (const rows of pagesOfLines(store.reader, size)) {
    look(rows);
    const tiles: AuditTile[] = [];
    for (const leaf of leavesOf(rows, builder.size)) tiles.push(...builder.push(leaf));
    await putTiles(store, tiles);
    await new Promise(setImmediate);
  }
  await store.write(
    async (transaction) => {
      for (const tile of builder.growing()) await transaction.putAuditTile(tile);
      await storeTiles(transaction, size, (await transaction.auditHead()).seq);
    },
    { reserve: true },
  );
  return frontierAt(builder, size);
}

async function putTiles(store: Store, tiles: readonly AuditTile[]): Promise<void> {
  if (tiles.length === 0) return;
  await store.write(
    async (transaction) => {
      for (const tile of tiles) await transaction.putAuditTile(tile);
    },
    { reserve: true },
  );
}

/** Checks the hash chain of older lines, once, before the tree replaces it. */
class ChainCheck {
  readonly #barrier: Barrier;
  #seq = 0;
  #chain = SEQUENCE_START.chain;
  #faults = 0;

  constructor(barrier: Barrier) {
    this.#barrier = barrier;
  }

  /** How many lines are missing, altered, or from another server. */
  get faults(): number {
    return this.#faults;
  }

  check(rows: readonly AuditRow[]): void {
    for (const { seq, event, chain, mac } of rows) {
      this.#faults += seq - this.#seq - 1;
      const fits = Buffer.compare(nextChainValue(this.#chain, leafHash(event)), chain) === 0;
      const form = `${seq} ${toHex(chain)}`;
      if (!fits || (mac.length > 0 && !this.#barrier.macFits(CHAIN_MAC_PURPOSE, form, mac)))
        this.#faults += 1;
      this.#seq = seq;
      this.#chain = chain;
    }
  }
}
