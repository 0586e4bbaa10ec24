/**
 * The heartbeat to the primary. It reports where this repository stands, hears where the primary's cursor stands, and
 * starts a new epoch where the two cannot belong to one life of one repository.
 */
import { createHash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { judgeAcknowledged, type Position } from '#domain/sequence.ts';
import type { LogHead } from '#domain/audit-log.ts';
import type { LostCommits } from '#domain/past-events.ts';
import type { HeartbeatAnswer } from '#protocol/messages.ts';
import { eachServer } from '#domain/each-server.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import type { Transaction } from '#store/transaction.ts';
import { isoTime } from '../../environment/environment.ts';
import { lastKnownHead } from '../../checkpoints/checkpoints.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import type { HierarchyPorts } from '../ports.ts';
import { readEpoch, readOptions, writeEpoch } from '../../repository/settings.ts';
import { toHex } from '#domain/hex.ts';
import { step } from '#domain/step.ts';
import { contradiction, keepLogAnswer, logStatement, wantedCheckpoint } from './tell-log.ts';
import type { PrimaryLink } from './primary-link.ts';
import { heldPolicy, takePolicy } from './take-policy.ts';
import { primaryContactId, type PrimaryRow, readPrimary } from './primary-row.ts';

type HeartbeatPorts = Pick<
  HierarchyPorts,
  'audit' | 'checkpoints' | 'clock' | 'introduction' | 'log' | 'random' | 'rows' | 'server' | 'store'
>;

export interface HeartbeatResult {
  readonly primary: PrimaryRow;
  readonly epoch: string;
  /** What the primary has durably received in that epoch. */
  readonly acknowledged: Position;
}

/** Why an epoch ended. */
export const UNKNOWN_SEQUENCE = 'the primary received a sequence that this repository does not hold';
const UNKNOWN_LOG = 'the primary countersigned an audit log that this repository does not hold';

/** Epochs tried in one heartbeat: one for a rollback; a second can only mean a primary that contradicts itself. */
const NEW_EPOCHS_MAX = 2;

/** @param tree the servers below this one, as they are now. */
export async function heartbeat(
  ports: HeartbeatPorts,
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
    const { answer, unknownLog } = await exchange(ports, link, primary, epoch, tree);
    // Before anything is written: lookups may go up even when this server's disk is full.
    link.recordReport(primary, answer);
    link.noteLine(primary, answer.line ?? []);
    link.noteConsole(answer.console);
    const acknowledged: Position = {
      seq: answer.acknowledged.seq,
      chain: Buffer.from(answer.acknowledged.chain, 'hex'),
    };
    const known = judgeAcknowledged(acknowledged, await reader.chainAt(acknowledged.seq)) === 'continue';
    if (known && unknownLog === undefined) {
      await noteHeartbeat(ports, link, primary, answer, acknowledged);
      if (answer.policy !== undefined) await takePolicy(ports, primary, answer.policy);
      return { primary, epoch, acknowledged };
    }
    await startEpoch(ports, known ? UNKNOWN_LOG : UNKNOWN_SEQUENCE, epoch, unknownLog);
  }
  throw new KeystairError(
    'batch-discontinuous',
    "the primary's reports about what it received contradict each other",
    {
      nextStep: step('verify-primary'),
    },
  );
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
 * @param lastCheckpoint of the audit log under the old origin, as the primary holds it.
 */
export async function startEpoch(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'log' | 'random' | 'rows' | 'store'>,
  because: string,
  ended: string | undefined,
  lastCheckpoint?: LogHead,
): Promise<string> {
  const { epoch, isNew } = await ports.store.write(async (transaction) => {
    const now = await readEpoch(ports.rows, transaction);
    if (now !== undefined && now.epoch !== ended) return { epoch: now.epoch, isNew: false };
    return { epoch: await beginEpoch(ports, transaction, because, lastCheckpoint), isNew: true };
  });
  if (isNew) ports.log.warn({ event: 'epoch-started', epoch, because }, 'a new epoch began');
  return epoch;
}

/** In the caller's transaction. */
export async function beginEpoch(
  ports: Pick<ServerPorts, 'rows' | 'audit' | 'clock' | 'random'>,
  transaction: Transaction,
  because: string,
  lastCheckpoint?: LogHead,
  lost?: LostCommits,
): Promise<string> {
  const epoch = toHex(ports.random(16));
  const previous = await readEpoch(ports.rows, transaction);
  const startedAt = isoTime(ports.clock());
  await writeEpoch(ports.rows, transaction, {
    epoch,
    startedAt,
    ...(lost === undefined ? {} : { lost }),
  });
  await transaction.clearRefusedKeys('');
  await ports.audit.append(transaction, [
    {
      event: 'epoch-started',
      by: 'server',
      epoch,
      because,
      previous: previous?.epoch ?? '',
      lastCheckpoint: lastCheckpoint ?? (await lastKnownHead(ports.rows, transaction)),
      ...(lost === undefined ? {} : { lost }),
    },
  ]);
  return epoch;
}

async function exchange(
  ports: HeartbeatPorts,
  link: PrimaryLink,
  primary: PrimaryRow,
  epoch: string,
  tree: () => Promise<readonly TreeServer[]>,
): Promise<{ readonly answer: HeartbeatAnswer; readonly unknownLog?: LogHead | undefined }> {
  const options = await readOptions(ports.rows, ports.store.reader);
  const head = await ports.store.reader.head();
  const below = await tree();
  const own = await logStatement(ports);
  const policy = await heldPolicy(ports, primary);
  const request = {
    name: ports.server.name,
    useHierarchy: options.useHierarchy,
    dmz: primary.dmz,
    epoch,
    seq: head.seq,
    chain: toHex(head.chain),
    treeDigest: digestOfTree(below),
    heartbeatMs: options.heartbeatMs,
    ...(own === undefined ? {} : { log: own.log }),
    ...(policy === undefined ? {} : { policy }),
    ...ports.introduction(),
  };
  const answer = await link.call(primary, false, (calls) => calls.call('heartbeat', request));
  const unknownLog =
    own === undefined || answer.log === undefined
      ? undefined
      : await contradiction(ports, own.head, answer.log);
  // Under an origin that stands for another past, nothing more is signed.
  const checkpoint =
    unknownLog === undefined ? await wantedCheckpoint(ports, primary, answer.log) : undefined;
  if (answer.wantTree !== true && checkpoint === undefined) return { answer, unknownLog };
  const more = {
    ...request,
    ...(answer.wantTree === true ? { tree: [...below] } : {}),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
  const last = await link.call(primary, false, (calls) => calls.call('heartbeat', more));
  if (checkpoint !== undefined && last.log !== undefined) {
    // A disk without room keeps no countersignature; the next heartbeat brings another.
    await keepLogAnswer(ports, primary, checkpoint.note, last.log).catch(() => undefined);
  }
  return { answer: last, unknownLog };
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
      'two copies of this server contacted the primary; stop the one that should not run: a second server needs its own data directory',
    );
  }
  await ports.store.write(async (transaction) => {
    await transaction.putContact({
      id: primaryContactId(primary),
      lastHeartbeatAt: ports.clock(),
      body: link.memory(),
    });
    const addresses = answer.addresses ?? primary.addresses;
    const recipient = answer.recipient ?? primary.recipient;
    const isSame = answer.name === primary.name && recipient === primary.recipient;
    if (!isSame || addresses.join() !== primary.addresses.join()) {
      // Only if the row still names the primary that was dialled: the server may have left it meanwhile.
      const now = await readPrimary(ports.rows, transaction);
      if (now?.id === primary.id)
        await ports.rows.put(transaction, 'primary', 'current', {
          ...now,
          name: answer.name,
          addresses,
          recipient,
        });
    }
  });
}
