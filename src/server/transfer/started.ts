/**
 * Transfers that people started and continue with further calls: an export or a backup to be fetched, an import whose
 * file is still to be sent. They are in memory, so a restart forgets them.
 *
 * Invariants: only the person who started a transfer can continue it. For everybody else it does not exist, and their
 * attempt is noted. One call at a time continues it. It ends some minutes after its start, or with the call under way
 * then.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { Timers } from '../environment/environment.ts';

/** To click a link, or to begin again after a line broke. Long enough to find the file of an import. */
export const STARTED_MS = 10 * 60 * 1000;
/** Of one person: what several browser windows and scripts have under way. */
const STARTED_OF_ONE_MAX = 16;
/** In all, of one kind. Each is some kilobytes. */
const STARTED_MAX = 128;

export interface StartedPorts {
  readonly timers: Timers;
  /** Notes that somebody tried to carry on what another person started. */
  readonly noteStranger: (caller: Caller, what: string) => Promise<unknown>;
}

interface Entry<T> {
  readonly owner: Caller['id'];
  readonly value: T;
  cancel: () => void;
  isBusy: boolean;
  isExpired: boolean;
}

export class Started<T> {
  readonly #ports: StartedPorts;
  readonly #what: string;
  readonly #onEnd: (value: T, because: 'expired' | 'stopped') => void;
  readonly #entries = new Map<string, Entry<T>>();
  /** Owners of those that are being started. */
  readonly #coming: Caller['id'][] = [];
  #isStopped = false;

  /**
   * @param what `export`, `backup` or `import`.
   * @param onEnd is called for one that ended by itself or with the server.
   */
  constructor(ports: StartedPorts, what: string, onEnd: (value: T, because: 'expired' | 'stopped') => void) {
    this.#ports = ports;
    this.#what = what;
    this.#onEnd = onEnd;
  }

  /** @param make takes some time. Throws `later`, and what `make` throws. */
  async add(caller: Caller, id: string, make: () => Promise<T>): Promise<void> {
    const all = [...[...this.#entries.values()].map(({ owner }) => owner), ...this.#coming];
    if (all.length >= STARTED_MAX || all.filter((owner) => owner === caller.id).length >= STARTED_OF_ONE_MAX)
      throw new KeystairError('later', `too many of kind ${this.#what} were started and not carried on`, {
        nextStep: `carry one on to its end, or wait ${STARTED_MS / 60_000} minutes`,
      });
    this.#coming.push(caller.id);
    try {
      const value = await make();
      const entry: Entry<T> = {
        owner: caller.id,
        value,
        cancel: () => {},
        isBusy: false,
        isExpired: false,
      };
      if (this.#isStopped) this.#onEnd(value, 'stopped');
      else this.#keep(id, entry);
    } finally {
      this.#coming.splice(this.#coming.indexOf(caller.id), 1);
    }
  }

  /** Throws `not-found`. */
  async own(caller: Caller, id: string): Promise<T> {
    return (await this.#own(caller, id)).value;
  }

  /** Carries it on: nobody else does meanwhile. Throws `not-found`, `later`, and what `work` throws. */
  async carryOn<R>(caller: Caller, id: string, work: (value: T) => Promise<R>): Promise<R> {
    const entry = await this.#own(caller, id);
    // Somebody may have ended it meanwhile.
    if (this.#entries.get(id) !== entry) throw this.#unknown();
    if (entry.isBusy)
      throw new KeystairError('later', `another call carries this ${this.#what} on at the moment`, {
        nextStep: 'wait for its end',
      });
    entry.isBusy = true;
    try {
      return await work(entry.value);
    } finally {
      entry.isBusy = false;
      if (entry.isExpired && this.#entries.has(id)) this.#end(id, entry, 'expired');
    }
  }

  /** It has come to its end. */
  end(id: string): void {
    this.#entries.get(id)?.cancel();
    this.#entries.delete(id);
  }

  /** One that is under way ends with its call. */
  stop(): void {
    this.#isStopped = true;
    for (const [id, entry] of this.#entries) {
      entry.cancel();
      entry.isExpired = true;
      if (!entry.isBusy) this.#end(id, entry, 'stopped');
    }
  }

  async #own(caller: Caller, id: string): Promise<Entry<T>> {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw this.#unknown();
    if (entry.owner === caller.id) return entry;
    await this.#ports.noteStranger(caller, this.#what);
    throw this.#unknown();
  }

  #keep(id: string, entry: Entry<T>): void {
    this.#entries.set(id, entry);
    entry.cancel = this.#ports.timers.after(STARTED_MS, () => {
      entry.isExpired = true;
      if (!entry.isBusy) this.#end(id, entry, 'expired');
    });
  }

  #end(id: string, { value }: Entry<T>, because: 'expired' | 'stopped'): void {
    this.#entries.delete(id);
    this.#onEnd(value, because);
  }

  #unknown(): KeystairError {
    return new KeystairError('not-found', `there is no such ${this.#what} under way`, {
      nextStep: `start it again: it is kept for ${STARTED_MS / 60_000} minutes, for the person who started it, until it ends or the server stops`,
    });
  }
}
