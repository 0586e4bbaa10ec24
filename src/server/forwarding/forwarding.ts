/**
 * The audit log as it happens, to receivers outside: the lines themselves are the queue, and each receiver has a cursor
 * in the database. Nothing waits for a receiver, and none waits for another.
 *
 * Only one process of a server forwards: whoever holds this object, from `start` to `stop`.
 */
import { FORWARD_BEHIND_MS } from '#domain/forwarding-limits.ts';
import { type Notice, warn } from '#domain/step.ts';
import type { Reader } from '#store/transaction.ts';
import { timeOfLine } from './forwarded-event.ts';
import { Lane, type LanePorts } from './lane.ts';
import type { AuditReceiver } from './receiver.ts';

export interface ReceiverState extends Pick<AuditReceiver, 'name' | 'kind'> {
  /** The last line that it has. */
  readonly lines: number;
  readonly behind: number;
  /** The time of the first event that it does not have. */
  readonly since: string | null;
  readonly problem: string | null;
}

export class Forwarding {
  readonly #lanes: readonly Lane[];
  readonly #ports: LanePorts;
  #end: () => void = () => {};

  constructor(ports: LanePorts, receivers: readonly AuditReceiver[]) {
    this.#ports = ports;
    this.#lanes = receivers.map((receiver) => new Lane(ports, receiver));
  }

  /** @param changed tells that the log may have grown; missing it once costs a minute. */
  start(changed: (listener: () => void) => () => void): void {
    if (this.#lanes.length === 0) return;
    const wake = (): void => {
      for (const lane of this.#lanes) lane.wake();
    };
    this.#end = changed(wake);
    for (const lane of this.#lanes) lane.start();
  }

  async stop(): Promise<void> {
    this.#end();
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  async states(reader: Reader): Promise<readonly ReceiverState[]> {
    if (this.#lanes.length === 0) return [];
    const { seq } = await reader.auditHead();
    return Promise.all(
      this.#lanes.map(async (lane) => {
        const { receiver, problem = null } = lane;
        const { name, kind } = receiver;
        const lines = await lane.confirmed(reader);
        const behind = Math.max(0, seq - lines);
        const [next] = behind === 0 ? [] : await reader.auditAfter(lines, 1);
        return { name, kind, lines, behind, since: next === undefined ? null : timeOfLine(next), problem };
      }),
    );
  }

  /** Of receivers that took nothing at the last attempt, or take too little. */
  warnings(states: readonly ReceiverState[]): Notice[] {
    const now = this.#ports.clock();
    return states
      .filter(
        ({ problem, since }) =>
          problem !== null || (since !== null && now - Date.parse(since) > FORWARD_BEHIND_MS),
      )
      .map(({ name, behind, since, problem }) =>
        warn(
          {
            name: 'receiver-behind',
            details: { receiver: name, events: String(behind), since: since ?? '', problem: problem ?? '' },
          },
          `the receiver ${name} of the audit log is ${behind} ${behind === 1 ? 'event' : 'events'} behind` +
            `${since === null ? '' : `, the first of ${since}`}${problem === null ? '' : `: ${problem}`}`,
          'look at the receiver and at its place in the configuration; the log keeps what it has not taken',
        ),
      );
  }
}
