/** A secondary's heartbeat, at its primary. The answer carries the cursor of that epoch, which lives only here. */
import { eachServer } from '#domain/each-server.ts';
import { codeOf } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import { EPOCHS_KEPT_MAX, HEARTBEAT_INTERVAL_MS_DEFAULT, TREE_REFRESH_MS } from '#domain/limits.ts';
import type { Member } from '#domain/member.ts';
import { SEQUENCE_START } from '#domain/sequence.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { HeartbeatAnswer, HeartbeatRequest } from '#protocol/messages.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import type { Cursor } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import { readMember, writeMember } from '../../members/members.ts';
import { readOptions } from '../../repository/settings.ts';
import { cutTold } from '../cut-tree.ts';
import type { HierarchyPorts } from '../ports.ts';
import { findRing, ringSentence } from '../ring.ts';
import { completeLogAnswer, hearLog } from './hear-log.ts';
import { readSecondaryContact, type SecondaryContact } from './secondary-contact.ts';

/** What an answer says of this server beside its rows. */
interface Tells {
  readonly addresses: readonly string[];
  /** The servers above it. */
  readonly line: readonly ServerName[];
}

export async function receiveHeartbeat(
  ports: Omit<
    HierarchyPorts,
    'barrier' | 'timers' | 'random' | 'wanted' | 'keysRecorded' | 'hierarchyChanged'
  >,
  { id }: Member,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: HeartbeatRequest,
  tells: Tells,
): Promise<HeartbeatAnswer> {
  ports.reported.note(id, request, ports.clock());
  try {
    return await writeHeartbeat(ports, requireCaller, request, tells);
  } catch (error) {
    const answer =
      codeOf(error) === 'disk-full' ? await answerUnwritten(ports, id, request, tells) : undefined;
    if (answer === undefined) throw error;
    return answer;
  }
}

/**
 * Lookups continue when the disk is full, so a secondary must still hear how option and mark stand here. Otherwise it
 * would refuse because of an option that was switched on long ago. Undefined if its epoch is not known yet.
 */
async function answerUnwritten(
  ports: Pick<HierarchyPorts, 'rows' | 'server' | 'store'>,
  id: string,
  { epoch }: HeartbeatRequest,
  { line }: Tells,
): Promise<HeartbeatAnswer | undefined> {
  const { reader } = ports.store;
  const member = await readMember(ports.rows, reader, id);
  const cursor = await reader.cursor(id, epoch);
  if (member === undefined || member.removedAt !== null || cursor === undefined) return undefined;
  const { useHierarchy } = await readOptions(ports.rows, reader);
  const acknowledged = { seq: cursor.seq, chain: toHex(cursor.chain) };
  return { name: ports.server.name, useHierarchy, dmz: member.dmz, acknowledged, line: [...line] };
}

async function writeHeartbeat(
  ports: Pick<
    HierarchyPorts,
    | 'audit'
    | 'checkpoints'
    | 'clock'
    | 'introduction'
    | 'log'
    | 'policies'
    | 'rows'
    | 'server'
    | 'store'
    | 'treeChanged'
  >,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: HeartbeatRequest,
  { addresses, line }: Tells,
): Promise<HeartbeatAnswer> {
  const now = ports.clock();
  const written = await ports.store.write(async (transaction) => {
    // The row as it is now: the secondary may have been removed or marked since it was let in.
    const member = await requireCaller(transaction);
    const { cursor, copies } = await openEpoch(transaction, member, request.epoch);
    const { contact, lastHeartbeatAt } = await readSecondaryContact(transaction, member.id, ports.server.id);
    const found = copies && !contact.copiesTold.includes(request.epoch);
    if (found) {
      await ports.audit.append(transaction, [
        { event: 'copies-heard', by: 'server', secondary: member.id, epoch: request.epoch },
      ]);
    }
    const log = await hearLog(ports, transaction, member, request, copies);
    const told =
      request.tree === undefined
        ? { ...contact, isCut: false, isShortened: contact.isTreeShortened }
        : { ...cutTold(request.tree, ports.server.id), treeDigest: request.treeDigest, treeAt: now };
    const stale =
      told.treeDigest !== request.treeDigest ||
      (request.treeDigest !== '' && now - told.treeAt > TREE_REFRESH_MS);
    const heard: SecondaryContact = {
      useHierarchy: request.useHierarchy,
      dmz: request.dmz,
      epoch: request.epoch,
      headSeq: request.seq,
      acknowledgedSeq: cursor.seq,
      treeDigest: told.treeDigest,
      treeAt: told.treeAt,
      tree: told.tree,
      isTreeShortened: told.isShortened,
      problem: copies
        ? 'two copies of this server contacted its primary; stop the one that should not run: a second server needs its own data directory'
        : null,
      console: request.console,
      heartbeatMs: request.heartbeatMs ?? HEARTBEAT_INTERVAL_MS_DEFAULT,
      copiesTold: found ? [...contact.copiesTold, request.epoch].slice(-EPOCHS_KEPT_MAX) : contact.copiesTold,
    };
    await transaction.putContact({ id: member.id, lastHeartbeatAt: now, body: JSON.stringify(heard) });
    const { name, recipient = member.recipient } = request;
    if (member.name !== name || member.recipient !== recipient)
      await writeMember(ports.rows, transaction, { ...member, name, recipient });
    const options = await readOptions(ports.rows, transaction);
    const answer: HeartbeatAnswer = {
      name: ports.server.name,
      useHierarchy: options.useHierarchy,
      dmz: member.dmz,
      acknowledged: { seq: cursor.seq, chain: toHex(cursor.chain) },
      line: [...line],
      ...ports.introduction(),
      ...(stale ? { wantTree: true } : {}),
      ...(addresses.length > 0 ? { addresses: [...addresses] } : {}),
      ...(copies ? { copies: true } : {}),
    };
    const changed =
      lastHeartbeatAt === null ||
      member.name !== request.name ||
      contact.useHierarchy !== heard.useHierarchy ||
      contact.dmz !== heard.dmz ||
      contact.problem !== heard.problem ||
      contact.console !== heard.console ||
      contact.isTreeShortened !== heard.isTreeShortened ||
      (contact.tree !== heard.tree && outline(contact.tree) !== outline(heard.tree));
    return { member, answer, found, changed, before: contact.tree, told, log };
  });
  const { member, answer, found, changed, before, told, log } = written;
  // Only after the commit: the store may run the work again.
  if (found) {
    ports.log.warn(
      { event: 'copies-heard', secondary: member.id, epoch: request.epoch },
      'two copies of one server made contact',
    );
  }
  if (log.gap !== undefined) {
    ports.log.error(
      { event: 'audit-gap-found', server: member.id, name: member.name, what: log.gap.what },
      "a secondary's audit log is not the one that was witnessed",
    );
  }
  if (changed && told.isCut) {
    ports.log.warn(
      { event: 'tree-cut', secondary: member.id, name: member.name },
      'a secondary reports more servers, or deeper ones, than can be shown',
    );
  }
  const ringWith = (secondaries: readonly TreeServer[]) =>
    findRing(ports.server, [{ ...member, secondaries }]);
  const ring = ringWith(told.tree);
  if (ring !== undefined && ringWith(before) === undefined)
    ports.log.warn(
      { event: 'loop-found', secondary: member.id, servers: ring.map(({ id }) => id) },
      ringSentence(ring),
    );
  // The servers above show it too. Otherwise they would only hear of it with the next heartbeat.
  if (changed) ports.treeChanged.raise();
  const logAnswer = await completeLogAnswer(ports, log, request);
  const policy = await ports.policies.forSecondary(request.policy);
  return {
    ...answer,
    ...(logAnswer === undefined ? {} : { log: logAnswer }),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** The servers below, without what changes with every key and every heartbeat. */
function outline(tree: readonly TreeServer[]): string {
  const lines: string[] = [];
  for (const { server, depth } of eachServer(tree)) {
    const { waiting: _waiting, lastHeartbeatAt: _heard, secondaries: _below, ...kept } = server;
    lines.push(JSON.stringify({ depth, ...kept }));
  }
  return lines.join('\n');
}

/**
 * The cursor of an epoch, made when the epoch is first heard of. If the epoch is not the member's newest, the caller is
 * a copy of the server that still lives its old life. Its keys are taken, and the copy is reported.
 */
async function openEpoch(
  transaction: Transaction,
  member: Member,
  epoch: string,
): Promise<{ cursor: Cursor; copies: boolean }> {
  const cursors = await transaction.cursors(member.id);
  const newest = cursors.reduce((rank, cursor) => Math.max(rank, cursor.rank), 0);
  const known = cursors.find((cursor) => cursor.epoch === epoch);
  if (known !== undefined) {
    if (known.rank === newest) return { cursor: known, copies: false };
    return { cursor: known, copies: true };
  }
  const cursor: Cursor = { memberId: member.id, epoch, rank: newest + 1, ...SEQUENCE_START };
  await transaction.putCursor(cursor);
  // A forgotten epoch is only sent again.
  for (const old of cursors.slice(0, Math.max(0, cursors.length + 1 - EPOCHS_KEPT_MAX))) {
    await transaction.deleteCursor(member.id, old.epoch);
  }
  return { cursor, copies: false };
}
