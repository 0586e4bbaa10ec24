/** One job: its progress, and how it ended. Its watchers are told the latest state. */
import type { RequiredRight } from '#domain/right.ts';
import type { ListedJob, ShownJob } from '#protocol/people/routes/jobs.ts';
import { isoTime } from '../environment/environment.ts';
import type { Feed, FeedEvent } from '../environment/feed.ts';
import { Signal } from '../environment/signal.ts';

export interface JobRow {
  readonly operation: string;
  /** Who started it, by their name in the audit log. */
  readonly by: string;
  readonly owner: string | null;
  /** The rights that the call needed. */
  readonly rights: readonly RequiredRight[];
  readonly startedAt: string;
  /** The process that works on it; absent where a server has one. */
  readonly process?: string | undefined;
}

export class Job implements Feed {
  readonly id: string;
  readonly row: JobRow;
  readonly cancelled = new AbortController();
  readonly #signal = new Signal();
  /** Counts the states so far. */
  #number = 1;
  #state: ListedJob['state'] = 'running';
  #at: { readonly done: number; readonly of: number } | undefined;
  #endedAt: number | undefined;
  #outcome: Pick<ShownJob, 'answer' | 'problem'> = {};

  constructor(id: string, row: JobRow) {
    this.id = id;
    this.row = row;
  }

  get state(): ListedJob['state'] {
    return this.#state;
  }

  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  get isOver(): boolean {
    return this.#endedAt !== undefined;
  }

  progress(done: number, of: number): void {
    this.#at = { done, of };
    this.#tell();
  }

  end(state: ListedJob['state'], now: number, outcome: Pick<ShownJob, 'answer' | 'problem'>): void {
    this.#state = state;
    this.#endedAt = now;
    this.#outcome = outcome;
    this.#tell();
  }

  listed(): ListedJob {
    const { operation, by, startedAt } = this.row;
    const { problem } = this.#outcome;
    return {
      id: this.id,
      operation,
      by,
      state: this.#state,
      startedAt,
      endedAt: this.#endedAt === undefined ? null : isoTime(this.#endedAt),
      done: this.#at?.done ?? null,
      of: this.#at?.of ?? null,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  shown(): ShownJob {
    const { answer } = this.#outcome;
    return { ...this.listed(), ...(answer === undefined ? {} : { answer }) };
  }

  listen(listener: () => void): () => void {
    return this.#signal.listen(listener);
  }

  since(after: string | undefined): readonly FeedEvent[] {
    const id = String(this.#number);
    return after === id ? [] : [{ id, event: 'job', data: this.shown() }];
  }

  #tell(): void {
    this.#number += 1;
    this.#signal.raise();
  }
}
