/**
 * Tells people what waits for them, over the configured receivers.
 *
 * How it flows: the transaction that a notice is about also writes one row for each receiver. Each receiver then gets
 * its rows one after another. A row is removed when it was delivered, or given up after the last attempt, and the same
 * transaction notes the outcome with the request.
 *
 * Invariants: no act waits for a receiver, and a dead receiver does not delay the others. After a restart, undelivered
 * notices are tried again. A receiver may get a notice twice, with the same id, and never one without a row.
 */
import { NOTICE_AGAIN_MS } from '#domain/notice-limits.ts';
import type { Transaction } from '#store/transaction.ts';
import { uuidFrom } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { ApprovalNotice } from './notice.ts';

export interface Receiver {
  /** The name that people see, stable over restarts. Excludes a webhook's path, which may be secret. */
  readonly name: string;
  /** @param id the same at every attempt. Throws if the receiver did not take it. */
  readonly send: (id: string, notice: ApprovalNotice) => Promise<void>;
}

export interface Told {
  readonly to: string;
  /** Unix ms. */
  readonly at: number;
  /** Why it was given up; null if it was delivered. */
  readonly problem: string | null;
}

export interface NoticePorts
  extends Pick<ServerPorts, 'clock' | 'log' | 'random' | 'rows' | 'store' | 'timers'> {
  readonly receivers: readonly Receiver[];
  /** Notes in the request who was told. */
  readonly noteTold: (transaction: Transaction, approval: string, told: Told) => Promise<void>;
}

interface NoticeRow {
  readonly to: string;
  readonly notice: ApprovalNotice;
  readonly attempts: number;
  /** Unix ms. */
  readonly nextAt: number;
}

const STOPPED = Symbol('stopped');

/** The longest wait while the queue is not empty, since the clock may be set. */
const LOOK_AGAIN_MS_MAX = 60_000;

export class Notices {
  readonly #ports: NoticePorts;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #cancel: () => void = () => {};
  #stopping = Promise.withResolvers<typeof STOPPED>();

  constructor(ports: NoticePorts) {
    this.#ports = ports;
  }

  /** Runs in the transaction that the notice is about. Call `wake` afterwards. */
  async queue(transaction: Transaction, notice: ApprovalNotice): Promise<void> {
    const { rows, random, receivers, clock } = this.#ports;
    for (const { name: to } of receivers) {
      const row: NoticeRow = { to, notice, attempts: 0, nextAt: clock() };
      await rows.put(transaction, 'notice', uuidFrom(random), row);
    }
  }

  /** Sends nothing before `start`: another process does, or nobody yet. */
  hold(): void {
    this.#stopped = true;
  }

  start(): void {
    this.#stopped = false;
    this.#stopping = Promise.withResolvers();
    this.wake();
  }

  /** Sends what is due. Never waits and never throws. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.resolve(STOPPED);
    this.#cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#pass().catch((error: unknown) => {
        this.#ports.log.error({ event: 'notices-failed', because: String(error) }, 'notices were not sent');
      });
    }
    this.#running = undefined;
    if (!this.#stopped) await this.#lookLater().catch(() => undefined);
  }

  async #pass(): Promise<void> {
    const { rows, store, clock, receivers } = this.#ports;
    const due = (await rows.all<NoticeRow>(store.reader, 'notice')).filter(
      // A clock that was set back delays nothing for longer than the longest gap.
      ({ value }) => value.nextAt <= clock() || value.nextAt > clock() + NOTICE_AGAIN_MS.at(-1)!,
    );
    await Promise.all(
      receivers.map(async (receiver) => {
        for (const { id, value } of due) {
          if (value.to !== receiver.name || this.#stopped) continue;
          // A receiver that does not answer gets nothing more until the next round.
          if (!(await this.#deliver(receiver, id, value))) return;
        }
      }),
    );
    for (const { id, value } of due) {
      if (!receivers.some(({ name }) => name === value.to))
        await this.#end(id, value, 'it is no longer in the configuration');
    }
  }

  async #deliver(receiver: Receiver, id: string, row: NoticeRow): Promise<boolean> {
    const { log, rows, store, clock } = this.#ports;
    try {
      // The notice under way may still arrive. Its row stays, so it is sent again with the same id.
      const ended = await Promise.race([receiver.send(id, row.notice), this.#stopping.promise]);
      if (ended === STOPPED) return false;
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      log.warn({ event: 'notice-failed', to: row.to, because }, 'a notice was not delivered');
      const gap = NOTICE_AGAIN_MS[row.attempts];
      if (gap === undefined) await this.#end(id, row, because);
      else {
        const later: NoticeRow = { ...row, attempts: row.attempts + 1, nextAt: clock() + gap };
        await store.write((transaction) => rows.put(transaction, 'notice', id, later));
      }
      return false;
    }
    await this.#end(id, row, null);
    return true;
  }

  #end(id: string, { to, notice }: NoticeRow, problem: string | null): Promise<void> {
    const { store, clock, noteTold } = this.#ports;
    return store.write(async (transaction) => {
      await transaction.deleteRow('notice', id);
      await noteTold(transaction, notice.approval, { to, at: clock(), problem });
    });
  }

  async #lookLater(): Promise<void> {
    const { rows, store, clock, timers } = this.#ports;
    this.#cancel();
    const next = (await rows.all<NoticeRow>(store.reader, 'notice')).map(({ value }) => value.nextAt);
    if (next.length === 0 || this.#stopped) return;
    const ms = Math.min(LOOK_AGAIN_MS_MAX, Math.max(1000, Math.min(...next) - clock()));
    this.#cancel = timers.after(ms, () => this.wake());
  }
}
