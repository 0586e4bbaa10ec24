/**
 * Imports under way: started, their file brought and staged, confirmed or cancelled, each by a call of its own.
 *
 * Invariants: what is staged is either confirmed or dropped, whatever the calls and their order; an import that is being
 * confirmed is not cancelled. A repeated confirmation answers what the first one did, and does nothing more.
 */
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { Caller } from '#domain/right.ts';
import type { ImportReport, ImportRequest } from '#protocol/people/routes/transfers.ts';
import { uuidFrom } from '../environment/environment.ts';
import { type FileToImport, type Imports, reportOf } from './import-keys.ts';
import { importInterrupted, type Staged } from './stage-import.ts';
import { Started, type StartedPorts } from './started.ts';
import type { TransferPorts } from './transfer-ports.ts';

/** Reports kept for callers that lost the answer; each has at most a thousand ids. */
const REPORTS_KEPT_MAX = 64;

interface UnderWay extends FileToImport {
  readonly id: string;
  readonly by: Caller;
  readonly cancelled: AbortController;
  staged: Staged | undefined;
  isBeingConfirmed: boolean;
}

interface Confirmed {
  readonly owner: Caller['id'];
  readonly report: Promise<ImportReport>;
}

export class StartedImports {
  readonly #ports: Pick<TransferPorts, 'random'>;
  readonly #imports: Imports;
  readonly #started: Started<UnderWay>;
  readonly #confirmed = new Map<string, Confirmed>();
  readonly #ending = new Set<Promise<void>>();

  constructor(ports: Pick<TransferPorts, 'random'> & StartedPorts, imports: Imports) {
    this.#ports = ports;
    this.#imports = imports;
    this.#started = new Started(ports, 'import', (one, because) => this.#endAlone(one, because));
  }

  /** Throws `later`. */
  async start(caller: Caller, { password, digest }: ImportRequest): Promise<{ readonly id: string }> {
    const id = uuidFrom(this.#ports.random);
    await this.#started.add(caller, id, async () => ({
      id,
      by: caller,
      password: password === undefined ? undefined : KeyMaterial.fromText(password),
      digest,
      cancelled: new AbortController(),
      staged: undefined,
      isBeingConfirmed: false,
    }));
    return { id };
  }

  /** As `Imports.stage`; after a failure the file may be brought again. Throws `not-found`, `later` too. */
  upload(
    caller: Caller,
    id: string,
    file: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
  ): Promise<ImportReport> {
    return this.#started.carryOn(caller, id, async (one) => {
      if (one.staged !== undefined) throw broughtAlready();
      const signal = AbortSignal.any([gone, one.cancelled.signal]);
      let staged: Staged;
      try {
        staged = await this.#imports.stage(id, caller, one, file, signal);
      } catch (error) {
        if (this.#imports.isBeingCleared(id)) this.#started.end(id);
        throw error;
      }
      if (one.cancelled.signal.aborted) {
        await this.#imports.giveUp(id, caller, 'cancelled', staged);
        throw importInterrupted();
      }
      one.staged = staged;
      return reportOf(staged, true);
    });
  }

  /**
   * Throws `not-found`, `later`, `invalid-argument`, `disk-full`: nothing was imported then.
   *
   * @param onRecorded is called with 0 as soon as the import is confirmed; what is thrown after that is no refusal.
   */
  async confirm(
    caller: Caller,
    id: string,
    onRecorded: (recorded: number, of: number) => void,
  ): Promise<ImportReport> {
    const before = this.#confirmed.get(id);
    if (before?.owner === caller.id) return before.report;
    const { report } = await this.#started.carryOn(caller, id, async (one) => {
      const { staged } = one;
      if (staged === undefined) throw nothingBrought();
      one.isBeingConfirmed = true;
      try {
        await this.#imports.confirm(id, caller, staged);
      } catch (error) {
        this.#started.end(id);
        throw error;
      }
      this.#started.end(id);
      onRecorded(0, staged.new + staged.known + staged.conflicts.length);
      const confirmed = { owner: caller.id, report: this.#imports.carry(id, staged, onRecorded) };
      // Each call that waits for it hears of a failure.
      confirmed.report.catch(() => undefined);
      this.#keep(id, confirmed);
      return confirmed;
    });
    return report;
  }

  /** Throws `not-found`, `later`. */
  async cancel(caller: Caller, id: string): Promise<void> {
    const one = await this.#started.own(caller, id);
    if (one.isBeingConfirmed)
      throw new KeystairError('later', 'the import is being confirmed, and is not cancelled any more');
    this.#started.end(id);
    one.cancelled.abort();
    if (one.staged !== undefined) await this.#imports.giveUp(id, caller, 'cancelled', one.staged);
  }

  async stop(): Promise<void> {
    this.#started.stop();
    await Promise.allSettled(this.#ending);
  }

  #endAlone({ id, by, staged, cancelled }: UnderWay, because: string): void {
    cancelled.abort();
    if (staged === undefined) return;
    const ending = this.#imports.giveUp(id, by, because, staged);
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  #keep(id: string, confirmed: Confirmed): void {
    const [oldest] = this.#confirmed.keys();
    if (this.#confirmed.size >= REPORTS_KEPT_MAX && oldest !== undefined) this.#confirmed.delete(oldest);
    this.#confirmed.set(id, confirmed);
  }
}

function broughtAlready(): KeystairError {
  return new KeystairError('already-exists', 'the file of this import is here already', {
    nextStep: 'confirm the import or cancel it',
  });
}

function nothingBrought(): KeystairError {
  return new KeystairError('invalid-argument', 'the file of this import is not here yet', {
    nextStep: 'bring the file, and confirm what the answer says',
  });
}
