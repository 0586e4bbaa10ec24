/**
 * The queue of works and the fate of a group: all works that arrive in one turn of the event loop, or while the group
 * before is flushed, share one flush; a full disk refuses custody and spares audit events; a failed sync ends the
 * process.
 */
import type { KeystairError } from '#domain/errors.ts';
import { STORE_GROUP_WORKS_MAX } from '#domain/limits.ts';
import { PAGE_BYTES, WAL_PAGES_DUE } from './connection.ts';
import type { DiskSpace } from './disk-space.ts';
import type { Settle } from '../work.ts';
import { type GroupPorts, prepareGroups, type SqliteWork } from './group.ts';
import type { LogFlush } from './log-flush.ts';
import { explain, failureOf, unsynced } from './sqlite-failure.ts';
import { prepareQuery } from './statement.ts';
import type { TableName } from './tables.ts';

/** Carrying pages over takes as much space again: on a disk that fills up, it is done before a quarter is needed. */
const FREE_SPACE_PART = 4;
const WAL_PAGES_DUE_MIN = 8;
/** What a group may write into the WAL: the pages it touches in tables and indexes, and more for what it appends. */
const GROUP_PAGES = 16;
const APPENDED_BYTES_A_PAGE = 1024;
/** What one caller writes: a key and the line that records it. More comes from several callers, and others may be waiting. */
const LONE_CALLER_BYTES_MAX = 1024;

export interface CommitQueue {
  add(work: SqliteWork): void;
  /** Whether a group is open: its connection sees what is not committed. */
  isOpen(): boolean;
  /** Resolves when no group is open or waits for its flush. Throws once a flush has failed. */
  groupOver(): Promise<void>;
  /** Tables changed by a group that is open, or committed and not durable yet. */
  readonly changed: ReadonlySet<TableName>;
  /** Resolves when no work is left. */
  drained(): Promise<void>;
}

export interface CommitQueuePorts extends Omit<GroupPorts, 'changed'> {
  readonly space: DiskSpace;
  /** Makes what was committed durable; undefined where nothing needs to be. */
  readonly log: LogFlush | undefined;
  /** Ends the process. */
  readonly onFatal: (error: KeystairError) => never;
}

export function createCommitQueue(ports: CommitQueuePorts): CommitQueue {
  const { connection, space, log } = ports;
  const changed = new Set<TableName>();
  const commitGroup = prepareGroups({ ...ports, changed });
  const walState = prepareQuery(connection, 'PRAGMA wal_checkpoint = NOOP');
  const carryOver = prepareQuery(connection, 'PRAGMA wal_checkpoint = PASSIVE');
  let queue: SqliteWork[] = [];
  let scheduled = false;
  let open = false;
  /** A group is open, or committed and being flushed. */
  let running = false;
  /** Set once the process should have ended: nothing is written after that. */
  let dead: KeystairError | undefined;
  /** Pages waiting in the WAL at the last check. */
  let pagesWaiting = 0;
  /** Pages that it may still get before the next check. */
  let pagesUnseen = 0;
  let waitingForGroup: (() => void)[] = [];
  let waitingForDrain: (() => void)[] = [];

  const escalate = (error: unknown): void => {
    dead = unsynced(error, space);
    ports.onFatal(dead);
  };

  /** Whatever the cause of a failed sync, what is on the disk is unknown: another sync would lie. */
  const flush = async (ofLoneCaller: boolean): Promise<void> => {
    if (log === undefined) return;
    try {
      if (ofLoneCaller && log.isQuick()) log.flushHere();
      else await log.flush();
    } catch (error) {
      escalate(error);
    }
  };

  /**
   * Carries committed pages from the WAL to the database, if that many wait. Pages that fail here were committed and
   * stay in the WAL. False when the disk is too full for it.
   */
  const checkpoint = (least: number): boolean => {
    try {
      const [, inWal, carried] = walState.first() ?? [];
      pagesWaiting = Number(inWal) - Number(carried);
      if (pagesWaiting >= least) {
        carryOver.first();
        pagesWaiting = 0;
      }
    } catch (error) {
      const failure = failureOf(error, space);
      if (failure === 'full') {
        space.markFull();
        return false;
      }
      if (failure !== 'locked') escalate(error);
    }
    return true;
  };

  const pagesDue = (): number => {
    const pages = Math.floor(space.freeBytes() / PAGE_BYTES / FREE_SPACE_PART);
    return Math.min(WAL_PAGES_DUE, Math.max(WAL_PAGES_DUE_MIN, pages));
  };

  /**
   * Asking how full log and disk are takes as long as writing a row. It is repeated once half of what they had room for
   * may have been written.
   */
  const checkpointWhenDue = (): void => {
    if (pagesUnseen > 0) return;
    const due = pagesDue();
    checkpoint(due);
    pagesUnseen = (due - pagesWaiting) / 2;
  };

  const refuse = (works: readonly SqliteWork[], error: unknown): Settle[] =>
    works.map((work) => () => work.reject(error));

  /** @returns works that may still be written on a full disk; the others are refused. */
  const spareReserve = (
    works: readonly SqliteWork[],
    settles: Settle[],
    cause?: unknown,
  ): readonly SqliteWork[] => {
    const others = works.filter((work) => !work.reserve);
    if (others.length > 0) settles.push(...refuse(others, space.fullError(cause)));
    return works.filter((work) => work.reserve);
  };

  /** Commits works until each has its answer or has to wait for another group. */
  const settleGroup = async (
    group: readonly SqliteWork[],
  ): Promise<{ settles: Settle[]; rest: readonly SqliteWork[]; bytes: number }> => {
    const settles: Settle[] = [];
    // A full disk has healed once the pages waiting in the WAL fit into the database, and the reserve is whole as well.
    const full = space.isFull() && !(checkpoint(1) && space.tryRecover());
    let works = full ? spareReserve(group, settles) : group;
    let carried = false;
    while (works.length > 0) {
      try {
        const done = await commitGroup(works);
        settles.push(...done.settles);
        return { settles, rest: works.slice(done.settles.length), bytes: done.bytes };
      } catch (error) {
        const failure = failureOf(error, space);
        if (failure === 'unsynced') escalate(error);
        if (failure !== 'full') {
          settles.push(...refuse(works, explain(error, space)));
          break;
        }
        space.markFull();
        const spared = spareReserve(works, settles, error);
        // The WAL may have reusable space. Only then is the reserve touched.
        if (carried && !space.releaseReserve()) {
          settles.push(...refuse(works, space.fullError(error)));
          break;
        }
        works = spared;
        checkpoint(1);
        carried = true;
      }
    }
    return { settles, rest: [], bytes: 0 };
  };

  const runGroup = async (): Promise<void> => {
    const group = queue.splice(0, STORE_GROUP_WORKS_MAX);
    open = true;
    running = true;
    let settles: readonly Settle[];
    try {
      if (dead !== undefined) throw dead;
      const settled = await settleGroup(group);
      settles = settled.settles;
      if (settled.rest.length > 0) queue = [...settled.rest, ...queue];
      pagesUnseen -= GROUP_PAGES + settled.bytes / APPENDED_BYTES_A_PAGE;
      open = false;
      await flush(group.length === 1 && queue.length === 0 && settled.bytes <= LONE_CALLER_BYTES_MAX);
    } catch (error) {
      settles = refuse(group, explain(error, space));
    }
    open = false;
    running = false;
    changed.clear();
    for (const settle of settles) settle();
    wake();
  };

  const wake = (): void => {
    const waiting = waitingForGroup;
    waitingForGroup = [];
    for (const resume of waiting) resume();
  };

  /** One turn: a group, or a checkpoint between two groups, so that answers go out before it. */
  const turn = async (): Promise<void> => {
    await runGroup();
    setImmediate(() => {
      if (dead === undefined) checkpointWhenDue();
      if (queue.length > 0) {
        void turn();
        return;
      }
      scheduled = false;
      for (const resume of waitingForDrain.splice(0)) resume();
    });
  };

  return {
    add(work) {
      queue.push(work);
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => void turn());
    },
    isOpen: () => open,
    async groupOver() {
      if (running) await new Promise<void>((resolve) => waitingForGroup.push(resolve));
      if (dead !== undefined) throw dead;
    },
    changed,
    drained: () => (scheduled ? new Promise((resolve) => waitingForDrain.push(resolve)) : Promise.resolve()),
  };
}
