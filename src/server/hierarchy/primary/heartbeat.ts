/**
 * The heartbeat to the primary. It reports where this repository stands, hears where the primary's cursor stands, and
 * starts a new epoch where the two cannot belong to one life of one repository.
 */
import { createHash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { judgeAcknowledged, type Position } from '#domain/sequence.ts';
import type { HeartbeatAnswer } from '#protocol/messages.ts';
import { eachServer } from '#domain/each-server.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import type { Transaction } from '#store/transaction.ts';
import { isoTime } from '../../environment/environment.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { readEpoch, readOptions, writeEpoch } from '../../repository/settings.ts';
import { toHex } from '#domain/hex.ts';
import { step } from '#domain/step.ts';
import type { PrimaryLink } from './primary-link.ts';
import { primaryContactId, type PrimaryRow, readPrimary } from './primary-row.ts';

export interface HeartbeatResult {
  readonly primary: PrimaryRow;
  readonly epoch: string;
  /** What the primary has durably received in that epoch. */
  readonly acknowledged: Position;
}

/** Why an epoch ended. */
export const UNKNOWN_SEQUENCE = 'the primary had received a sequence that this repository does not hold';

/** Epochs tried in one heartbeat: one for a rollback; a second can only mean a primary that contradicts itself. */
const NEW_EPOCHS_MAX = 2;

/** @param tree the servers below this one, as they are now. */
export async function heartbeat(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'log' | 'random' | 'rows' | 'server' | 'store'>,
  link: PrimaryLink,
  tree: () => Promise<readonly TreeServer[]>,
): Promise<HeartbeatResult> {
  for (let attempt = 0; attempt <= NEW_EPOCHS_MAX; attempt++) {
    const { reader } = ports.store;
    const primary = await readPrimary(ports.rows, reader);
    if (primary === undefined) {
      throw new KeystairError('no-primary', 'this server has no primary', {
        nextStep: step('join-hierarchy'),
      });
    }
    const epoch = await currentEpoch(ports);
    const answer = await exchange(ports, link, primary, epoch, tree);
    // Before anything is written: lookups may go up even when this server's disk is full.
    link.noteHeard(primary, answer);
    link.noteLine(primary, answer.line ?? []);
    const acknowledged: Position = {
      seq: answer.acknowledged.seq,
      chain: Buffer.from(answer.acknowledged.chain, 'hex'),
    };
    if (judgeAcknowledged(acknowledged, await reader.chainAt(acknowledged.seq)) === 'continue') {
      await noteHeartbeat(ports, link, primary, answer, acknowledged);
      return { primary, epoch, acknowledged };
    }
    await startEpoch(ports, UNKNOWN_SEQUENCE, epoch);
  }
  throw new KeystairError('batch-discontinuous', 'the primary contradicts itself about what it received', {
    nextStep: step('verify-primary'),
  });
}

async function currentEpoch(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'log' | 'random' | 'rows' | 'store'>,
): Promise<string> {
  const row = await readEpoch(ports.rows, ports.store.reader);
  // If the row is missing or altered, a new epoch only costs sending everything again.
  return row?.epoch ?? startEpoch(ports, "the epoch's row was missing or altered", undefined);
}

/**
 * Starts a new epoch: everything is sent again, which changes nothing where it is known.
 *
 * @param ended the epoch that is over. If two calls notice this at the same moment, the first starts the new epoch.
 * With two new epochs, the primary could hear the first one last and take it for a copy's.
 */
export async function startEpoch(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'log' | 'random' | 'rows' | 'store'>,
  because: string,
  ended: string | undefined,
): Promise<string> {
  const { epoch, isNew } = await ports.store.write(async (transaction) => {
    const now = await readEpoch(ports.rows, transaction);
    if (now !== undefined && now.epoch !== ended) return { epoch: now.epoch, isNew: false };
    return { epoch: await beginEpoch(ports, transaction, because), isNew: true };
  });
  if (isNew) ports.log.warn({ event: 'epoch-started', epoch, because }, 'a new epoch began');
  return epoch;
}

/** In the caller's transaction. */
export async function beginEpoch(
  ports: Pick<ServerPorts, 'rows' | 'audit' | 'clock' | 'random'>,
  transaction: Transaction,
  because: string,
): Promise<string> {
  const epoch = toHex(ports.random(16));
  const previous = await readEpoch(ports.rows, transaction);
  await writeEpoch(ports.rows, transaction, { epoch, startedAt: isoTime(ports.clock()) });
  await transaction.clearRefusedKeys('');
  await ports.audit.append(transaction, [
    { event: 'epoch-started', by: 'server', epoch, because, previous: previous?.epoch ?? '' },
  ]);
  return epoch;
}

async function exchange(
  ports: Pick<ServerPorts, 'rows' | 'server' | 'store'>,
  link: PrimaryLink,
  primary: PrimaryRow,
  epoch: string,
  tree: () => Promise<readonly TreeServer[]>,
): Promise<HeartbeatAnswer> {
  const options = await readOptions(ports.rows, ports.store.reader);
  const head = await ports.store.reader.head();
  const below = await tree();
  const request = {
    name: ports.server.name,
    useHierarchy: options.useHierarchy,
    dmz: primary.dmz,
    epoch,
    seq: head.seq,
    chain: toHex(head.chain),
    treeDigest: digestOfTree(below),
    heartbeatMs: options.heartbeatMs,
  };
  const answer = await link.call(primary, false, (calls) => calls.call('heartbeat', request));
  if (answer.wantTree !== true) return answer;
  return link.call(primary, false, (calls) => calls.call('heartbeat', { ...request, tree: [...below] }));
}

/** The first 16 hexadecimal digits of SHA-256 over the tree. Times are left out: they change at every heartbeat. */
function digestOfTree(tree: readonly TreeServer[]): string {
  const digest = createHash('sha256');
  for (const { server, depth } of eachServer(tree)) {
    const { lastHeartbeatAt: _heard, secondaries: _below, ...timeless } = server;
    digest.update(JSON.stringify({ depth, ...timeless }));
  }
  return digest.digest('hex').slice(0, 16);
}

async function noteHeartbeat(
  ports: Pick<ServerPorts, 'clock' | 'rows' | 'store'>,
  link: PrimaryLink,
  primary: PrimaryRow,
  answer: HeartbeatAnswer,
  acknowledged: Position,
): Promise<void> {
  link.noteAcknowledged(acknowledged.seq);
  if (answer.copies === true) {
    link.noteProblem(
      'the primary heard two copies of this server; stop the one that should not run, and give the other its own directory',
    );
  }
  await ports.store.write(async (transaction) => {
    await transaction.putContact({
      id: primaryContactId(primary),
      lastHeartbeatAt: ports.clock(),
      body: link.memory(),
    });
    const addresses = answer.addresses ?? primary.addresses;
    if (answer.name !== primary.name || addresses.join() !== primary.addresses.join()) {
      // Only if the row still names the primary that was dialled: the server may have left it meanwhile.
      const now = await readPrimary(ports.rows, transaction);
      if (now?.id === primary.id)
        await ports.rows.put(transaction, 'primary', 'current', { ...now, name: answer.name, addresses });
    }
  });
}
