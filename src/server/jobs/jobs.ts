/**
 * Jobs: long work that somebody starts without waiting for it. They can watch it, cancel it, and read its answer for an
 * hour.
 *
 * Invariants: a job belongs to the person who started it. Only people who could have started it see it. Its row is
 * durable before it begins and removed when it ends, so the next start of the server names interrupted jobs. Answers
 * are kept in memory only.
 */
import { KeystairError } from '#domain/errors.ts';
import { JOBS_KEPT_MAX } from '#domain/message-limits.ts';
import { type Caller, hasRight, type RequiredRight } from '#domain/right.ts';
import type { ListedJob, ShownJob } from '#protocol/people/routes/jobs.ts';
import { problemOf } from '#protocol/problem.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import type { Feed } from '../environment/feed.ts';
import { Signal } from '../environment/signal.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { Job, type JobRow } from './job.ts';

/** Long enough for a meal break. */
const KEPT_MS = 60 * 60 * 1000;
/** More at once would only slow each other down. */
const RUNNING_MAX = 8;

export type JobPorts = Pick<ServerPorts, 'store' | 'rows' | 'clock' | 'random'>;

/** What a job's work receives. */
export interface JobLife {
  readonly progress: (done: number, of: number) => void;
  /** Aborted when the job is cancelled or the server stops. */
  readonly signal: AbortSignal;
}

export class Jobs {
  /** Signals that a job began or ended. */
  readonly changed = new Signal();
  readonly #ports: JobPorts;
  readonly #jobs = new Map<string, Job>();
  readonly #working = new Set<Promise<void>>();
  #isStopped = false;

  constructor(ports: JobPorts) {
    this.#ports = ports;
  }

  /**
   * Records the jobs that a stop interrupted.
   *
   * @param living the processes of this server whose jobs go on.
   */
  async takeOver(living: ReadonlySet<string> = new Set()): Promise<void> {
    const { store, rows, clock } = this.#ports;
    const left = (await rows.all<JobRow>(store.reader, 'job')).filter(
      ({ id, value }) => !living.has(value.process ?? '') && !this.#jobs.has(id),
    );
    if (left.length === 0) return;
    for (const { id, value } of left) {
      const job = new Job(id, value);
      job.end('interrupted', clock(), { problem: problemOf(interrupted()) });
      this.#jobs.set(id, job);
    }
    await store.write(async (transaction) => {
      for (const { id } of left) await transaction.deleteRow('job', id);
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const job of this.#jobs.values()) job.cancelled.abort();
    await Promise.allSettled(this.#working);
  }

  /** @param rights the rights that the call needed. Throws `later`, `disk-full`. */
  async begin(
    caller: Caller,
    operation: string,
    rights: readonly RequiredRight[],
    work: (life: JobLife) => Promise<unknown>,
  ): Promise<ShownJob> {
    this.#forgetOld();
    if (this.#isStopped || this.#working.size >= RUNNING_MAX)
      throw new KeystairError('later', 'too many jobs are running', {
        nextStep: 'wait for one of them to end, or cancel one',
      });
    const { store, rows, clock, random } = this.#ports;
    const id = uuidFrom(random);
    const row: JobRow = {
      operation,
      by: caller.name,
      owner: caller.id,
      rights,
      startedAt: isoTime(clock()),
      ...(store.processes === undefined ? {} : { process: store.processes.process }),
    };
    const job = new Job(id, row);
    const durable = store.write((transaction) => rows.put(transaction, 'job', id, row));
    const working = durable.then(() => this.#run(job, work)).catch(() => undefined);
    this.#working.add(working);
    void working.finally(() => this.#working.delete(working));
    await durable;
    this.#jobs.set(id, job);
    this.changed.raise();
    return job.shown();
  }

  list(caller: Caller): ListedJob[] {
    this.#forgetOld();
    return [...this.#jobs.values()]
      .filter((job) => maySee(caller, job.row))
      .toReversed()
      .map((job) => job.listed());
  }

  /** Throws `not-found`. */
  show(caller: Caller, id: string): ShownJob {
    return this.#seen(caller, id).shown();
  }

  /** Throws `not-found`, `not-allowed`. */
  cancel(caller: Caller, id: string): ShownJob {
    const job = this.#seen(caller, id);
    if (job.row.owner !== caller.id)
      throw new KeystairError('not-allowed', `only ${job.row.by}, who started this job, may cancel it`);
    job.cancelled.abort();
    return job.shown();
  }

  /** Throws `not-found`. */
  watch(caller: Caller, id: string): Feed {
    return this.#seen(caller, id);
  }

  #seen(caller: Caller, id: string): Job {
    this.#forgetOld();
    const job = this.#jobs.get(id);
    if (job !== undefined && maySee(caller, job.row)) return job;
    throw new KeystairError('not-found', 'there is no such job', {
      nextStep: 'jobs are kept for an hour; start it again',
    });
  }

  async #run(job: Job, work: (life: JobLife) => Promise<unknown>): Promise<void> {
    const { store, clock } = this.#ports;
    const { signal } = job.cancelled;
    try {
      const answer = await work({ signal, progress: (done, of) => job.progress(done, of) });
      job.end('done', clock(), { answer });
    } catch (error) {
      const problem = problemOf(error);
      const state = !signal.aborted ? 'failed' : this.#isStopped ? 'interrupted' : 'cancelled';
      job.end(state, clock(), { problem });
    }
    this.changed.raise();
    // The next start of the server names what its stop interrupted.
    if (job.state === 'interrupted') return;
    await store.write((transaction) => transaction.deleteRow('job', job.id));
  }

  #forgetOld(): void {
    const now = this.#ports.clock();
    const ended = [...this.#jobs.values()].filter(({ endedAt }) => endedAt !== undefined);
    const tooMany = this.#jobs.size - JOBS_KEPT_MAX + RUNNING_MAX;
    for (const [place, { id, endedAt }] of ended.entries())
      if (place < tooMany || now - endedAt! > KEPT_MS) this.#jobs.delete(id);
  }
}

function maySee(caller: Caller, { owner, rights }: JobRow): boolean {
  return owner === caller.id || rights.every((right) => hasRight(caller, right));
}

function interrupted(): KeystairError {
  return new KeystairError('interrupted', 'the server stopped before the job ended', {
    nextStep: 'start it again; an import that was confirmed continues automatically',
  });
}
