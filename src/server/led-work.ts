/**
 * What a server does by itself, and of several processes one for all: it heartbeats and transmits, carries imports to
 * their end, re-encrypts, sends notices and forwards the audit log.
 */
import type { Leader, Processes } from '#store/processes.ts';
import { endLapsedAtStart } from './approvals/lapse.ts';
import type { ApprovalPorts } from './approvals/ports.ts';
import type { Changes } from './changes/changes.ts';
import type { Forwarding } from './forwarding/forwarding.ts';
import type { HierarchyPorts } from './hierarchy/ports.ts';
import type { UpwardTransmission } from './hierarchy/primary/upward-transmission.ts';
import { healContacts } from './hierarchy/secondaries/heal-contacts.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { Notices } from './notices/notices.ts';
import type { Resealing } from './seals/resealing.ts';
import type { Transfers } from './transfer/transfers.ts';

export interface LedWorkPorts {
  readonly ports: HierarchyPorts;
  readonly processes: Processes | undefined;
  readonly upward: UpwardTransmission;
  readonly transfers: Transfers;
  readonly jobs: Jobs;
  readonly resealing: Resealing;
  readonly notices: Notices;
  readonly approvals: ApprovalPorts;
  readonly forwarding: Forwarding;
  readonly changes: Changes;
}

export class LedWork implements Leader {
  readonly #of: LedWorkPorts;
  #ending = new AbortController();
  #healing: Promise<void> | undefined;
  #isUnderWay = false;

  constructor(of: LedWorkPorts) {
    this.#of = of;
  }

  /** At once where there is one process, else when it leads. */
  start(): void {
    if (this.#of.processes === undefined) this.begin();
    else this.#of.processes.lead(this);
  }

  begin(): void {
    const { ports, upward, resealing, notices, approvals, forwarding, changes } = this.#of;
    this.#isUnderWay = true;
    this.#ending = new AbortController();
    this.#healing = healContacts(ports, this.#ending.signal).catch(() => undefined);
    upward.start();
    this.processEnded();
    resealing.start();
    notices.start();
    endLapsedAtStart(approvals).catch(() => undefined);
    forwarding.start((listener) => changes.listen(listener));
  }

  processEnded(): void {
    this.#takeOver().catch(() => undefined);
  }

  /** What processes that ended have left: their jobs, and what they staged. */
  async #takeOver(): Promise<void> {
    const { processes, jobs, transfers } = this.#of;
    transfers.takeOver();
    const living = await processes?.living();
    await jobs.takeOver(new Set(living?.map(({ id }) => id)));
  }

  /** Another process changed something that one of these waits for. */
  wake(): void {
    this.#of.notices.wake();
    if (this.#isUnderWay) this.#of.resealing.start();
  }

  async end(): Promise<void> {
    if (!this.#isUnderWay) return;
    await this.stop();
    await this.#of.forwarding.stop();
  }

  /** All but the forwarding, which takes what others write at their end. */
  async stop(): Promise<void> {
    const { upward, resealing, notices } = this.#of;
    this.#isUnderWay = false;
    this.#ending.abort();
    await Promise.all([this.#healing, upward.stop(), resealing.stop(), notices.stop()]);
  }
}
