/**
 * The way of the audit log to one receiver: line after line in order, and again from the last confirmed one after a
 * failure.
 *
 * Invariants: nothing is left out. The stored cursor never passes a line that the receiver has not confirmed. Of the log
 * one batch is in memory, however far behind the receiver is. Before an attempt ended, none begins.
 */
import { backOffMs } from '#domain/backoff.ts';
import {
  FORWARD_LINES_AT_ONCE,
  FORWARD_LOOK_MS,
  FORWARD_MS_MAX,
  FORWARD_PROBLEM_LENGTH_MAX,
  FORWARD_STOP_MS,
  FORWARD_UNCONFIRMED_MAX,
} from '#domain/forwarding-limits.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Reader } from '#store/transaction.ts';
import { withinTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { forwardedLine } from './forwarded-event.ts';
import type { AuditReceiver } from './receiver.ts';

export interface LanePorts
  extends Pick<ServerPorts, 'clock' | 'log' | 'random' | 'rows' | 'store' | 'timers'> {
  readonly server: ServerName;
}

interface Cursor {
  /** The last line that the receiver has. */
  readonly line: number;
}

export class Lane {
  readonly receiver: AuditReceiver;
  readonly #ports: LanePorts;
  /** The last line that was confirmed, and the last one that was sent; undefined until the cursor was read. */
  #confirmed: number | undefined;
  #sent = 0;
  #firstUnconfirmedAt: number | undefined;
  #stored = 0;
  #failures = 0;
  #problem: string | undefined;
  #notBefore = 0;
  #running: Promise<void> | undefined;
  #again = false;
  /** Nothing new is begun; and nothing is gone on with. */
  #stopping = false;
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(ports: LanePorts, receiver: AuditReceiver) {
    this.#ports = ports;
    this.receiver = receiver;
  }

  /** The last line that is known to have arrived, as another process stored it where that one sends. */
  async confirmed(reader: Reader): Promise<number> {
    if (this.#confirmed !== undefined && !this.#stopped) return this.#confirmed;
    return (await this.#ports.rows.get<Cursor>(reader, 'audit-cursor', this.receiver.name))?.line ?? 0;
  }

  /** Why the last attempt failed; undefined where it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** From the line that is stored: another process may have gone on meanwhile. */
  start(): void {
    this.#stopping = false;
    this.#stopped = false;
    this.#confirmed = undefined;
    this.#firstUnconfirmedAt = undefined;
    this.wake();
  }

  /** There may be something to send. Never waits and never throws. */
  wake(): void {
    if (this.#stopping) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** What is there is sent and confirmed if that takes no longer than a moment; the rest comes after the next start. */
  async stop(): Promise<void> {
    const { timers } = this.#ports;
    this.#stopping = true;
    const ended = this.#finish();
    await withinTime(timers, FORWARD_STOP_MS, ended).catch(() => undefined);
    this.#stopped = true;
    this.receiver.reset();
    // What hangs in the system, as on a share that is away, must not keep the server from stopping.
    await withinTime(timers, FORWARD_STOP_MS, ended).catch(() => undefined);
  }

  async #finish(): Promise<void> {
    await this.#running;
    this.#cancel();
    await this.#attempt();
    if (this.#problem === undefined && this.#firstUnconfirmedAt !== undefined) await this.#confirm();
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopping) {
      this.#again = false;
      this.#cancel();
      await this.#attempt();
    }
    this.#running = undefined;
    if (!this.#stopping) this.#lookLater();
  }

  async #attempt(): Promise<void> {
    if (this.#ports.clock() < this.#notBefore) return;
    try {
      await this.#begin();
      await this.#pass();
      if (this.#sent === this.#confirmed) this.#problem = undefined;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #begin(): Promise<void> {
    if (this.#confirmed !== undefined) return;
    const { rows, store } = this.#ports;
    const { name, from } = this.receiver;
    const isNew = (await store.reader.row('audit-cursor', name)) === undefined;
    const known = await rows.get<Cursor>(store.reader, 'audit-cursor', name);
    const head = (await store.reader.auditHead()).seq;
    // One that was altered says nothing, so everything comes again.
    const line = known?.line ?? (isNew && from === 'now' ? head : 0);
    this.#confirmed = Math.min(line, head);
    this.#sent = this.#confirmed;
    this.#stored = known?.line ?? -1;
    // Where a new receiver began, so that what comes while it is away is not left out.
    await this.#store();
  }

  async #pass(): Promise<void> {
    const { store, clock, server } = this.#ports;
    const { format } = this.receiver;
    while (!this.#stopped) {
      const rows = await store.reader.auditAfter(this.#sent, FORWARD_LINES_AT_ONCE);
      if (rows.length === 0) break;
      await this.#inTime(this.receiver.send(rows.map((row) => forwardedLine(row, server, format))));
      this.#sent = rows.at(-1)!.seq;
      this.#firstUnconfirmedAt ??= clock();
      if (this.#isDue()) await this.#confirm();
    }
    if (this.#isDue() && !this.#stopped) await this.#confirm();
  }

  #isDue(): boolean {
    if (this.#firstUnconfirmedAt === undefined) return false;
    const waited = Math.abs(this.#ports.clock() - this.#firstUnconfirmedAt);
    const under = this.#sent - (this.#confirmed ?? 0);
    return waited >= this.receiver.confirmAfterMs || under >= FORWARD_UNCONFIRMED_MAX;
  }

  async #confirm(): Promise<void> {
    await this.#inTime(this.receiver.confirm());
    this.#confirmed = this.#sent;
    this.#firstUnconfirmedAt = undefined;
    this.#failures = 0;
    this.#problem = undefined;
    await this.#store();
  }

  /** On a full disk the cursor stays behind what arrived: after a restart that much comes again. */
  async #store(): Promise<void> {
    const { rows, store, log } = this.#ports;
    const line = this.#confirmed!;
    if (line === this.#stored) return;
    const cursor: Cursor = { line };
    try {
      const { name } = this.receiver;
      await store.write((transaction) => rows.put(transaction, 'audit-cursor', name, cursor), { led: true });
      this.#stored = line;
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      log.warn(
        { event: 'audit-cursor-not-stored', receiver: this.receiver.name, because },
        'it is kept in memory',
      );
    }
  }

  /** Ends with the attempt, and not before: a receiver that hangs is dropped, and what it did then is over. */
  async #inTime(attempt: Promise<void>): Promise<void> {
    const ended = await withinTime(this.#ports.timers, FORWARD_MS_MAX, attempt);
    if (ended) return;
    this.#problem = 'the receiver did not take the events in time';
    this.receiver.reset();
    await attempt.catch(() => undefined);
    throw new Error(this.#problem);
  }

  #failed(error: unknown): void {
    const { log, random, clock } = this.#ports;
    const because = (error instanceof Error ? error.message : String(error)).slice(
      0,
      FORWARD_PROBLEM_LENGTH_MAX,
    );
    this.receiver.reset();
    this.#sent = this.#confirmed ?? 0;
    this.#firstUnconfirmedAt = undefined;
    this.#failures += 1;
    if (this.#problem !== because || this.#failures === 1) {
      log.warn({ event: 'audit-not-forwarded', receiver: this.receiver.name, because }, 'it is tried again');
    }
    this.#problem = because;
    this.#notBefore = clock() + backOffMs(this.#failures, random(1)[0]! / 255);
  }

  #lookLater(): void {
    const { clock, timers } = this.#ports;
    const now = clock();
    const due = [FORWARD_LOOK_MS];
    if (this.#notBefore > now) due.push(this.#notBefore - now);
    if (this.#firstUnconfirmedAt !== undefined)
      due.push(this.#firstUnconfirmedAt + this.receiver.confirmAfterMs - now);
    this.#cancel = timers.after(Math.max(0, Math.min(...due)), () => this.wake());
  }
}
