/**
 * Import: an export file is taken in whole or not at all.
 *
 * How it flows: the file is read as it comes, opened with the password or one of the server's
 * own identities, and staged sealed (stage-import.ts) up to its trailer; then it is confirmed in one durable step, and
 * applied in short transactions (apply-import.ts). Before the confirmation anything, a broken connection or a kill,
 * leaves nothing; after it nothing, a kill or a full disk, leaves less than everything.
 */
import { KeystairError, codeOf } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { IMPORT_RETRY_MS } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { ImportReport, ImportRequest } from '#protocol/people/transfer-routes.ts';
import { uuidFrom } from '../environment/environment.ts';
import { applyPage, type ConfirmedImport, confirmImport } from './apply-import.ts';
import { dropStage, importedFrom, importInterrupted, stageImport, type Staged } from './stage-import.ts';
import type { TransferPorts } from './transfer-ports.ts';

export interface ImportLife {
  /** Aborted when whoever imports has gone. Looked at until the import is confirmed. */
  readonly signal: AbortSignal;
  /** Called once, when the file proved whole; after it nothing is refused any more. */
  readonly onConfirmed: () => void;
  readonly onRecorded: (recorded: number, of: number) => void;
}

export class Imports {
  readonly #ports: TransferPorts;
  /** Imports that are read or dropped by somebody here: not to be cleared away as left behind. */
  readonly #staging = new Set<string>();
  readonly #applying = new Map<string, Promise<unknown>>();
  readonly #cancelLater = new Map<string, () => void>();
  readonly #stopped = new AbortController();

  constructor(ports: TransferPorts) {
    this.#ports = ports;
  }

  /** Carries on what was confirmed before a restart, and clears away what was not. */
  async start(): Promise<void> {
    const { store, rows } = this.#ports;
    for (const { id } of await rows.all(store.reader, 'import')) this.#carryOnLater(id);
    for (const id of await store.reader.stagedImports()) {
      // Asked anew for each: an import of this very moment may have been confirmed since.
      if (this.#staging.has(id)) continue;
      if ((await rows.get(store.reader, 'import', id)) === undefined) await this.#drop(id);
    }
  }

  /** What is being applied ends with its page; the next start carries it on. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const cancel of this.#cancelLater.values()) cancel();
    await Promise.allSettled(this.#applying.values());
  }

  /**
   * Throws `export-unreadable`, `file-damaged`, `export-invalid`, `export-version`, `export-conflict`, `disk-low`,
   * `disk-full`, `interrupted`: then nothing was imported, unless `onConfirmed` was called; then the server goes on
   * trying by itself.
   */
  async take(
    caller: Caller,
    request: ImportRequest,
    file: AsyncIterable<Uint8Array>,
    life: ImportLife,
  ): Promise<ImportReport> {
    const id = uuidFrom(this.#ports.random);
    this.#staging.add(id);
    let staged: Staged | undefined;
    try {
      staged = await this.#stage(id, request, file, life.signal);
      if (!request.dryRun) {
        // From here to the confirmation nothing waits but for it.
        await confirmImport(this.#ports, id, caller.name, staged);
        this.#staging.delete(id);
        await this.#mend(id, staged);
      }
    } catch (error) {
      await this.#giveUp(id, caller, codeOf(error), staged);
      throw error;
    }
    if (request.dryRun) {
      await this.#giveUp(id, caller, 'dry-run', staged);
      return reportOf(staged, true);
    }
    life.onConfirmed();
    const done = await this.#carryOn(id, life.onRecorded).catch((error: unknown) => {
      throw waitsConfirmed(error);
    });
    return reportOf(done ?? staged, false);
  }

  async #stage(
    id: string,
    { password }: ImportRequest,
    file: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
  ): Promise<Staged> {
    const signal = AbortSignal.any([gone, this.#stopped.signal]);
    const keys = {
      password: password === undefined ? undefined : KeyMaterial.fromText(password),
      identities: async () => (await this.#ports.identities.all()).map(({ identity }) => identity),
      stretch: this.#ports.stretch,
    };
    const staged = await stageImport(this.#ports, id, file, keys, signal);
    if (signal.aborted) throw importInterrupted();
    return staged;
  }

  /** Puts keys that a repair waits for into their damaged rows, so that they are known when the rest is applied. */
  async #mend(id: string, { wanted }: Staged): Promise<void> {
    if (wanted.length === 0) return;
    const mending = this.#ports.store.write((transaction) =>
      this.#ports.wanted.mend(transaction, wanted, importedFrom(id)),
    );
    // The import goes on; the repair waits for the next that brings them.
    await mending.catch((error: unknown) => {
      this.#ports.log.warn(
        { event: 'not-mended', import: id, code: codeOf(error) },
        'damaged keys could not be put right from an import',
      );
    });
  }

  /** Leaves nothing but the audit event. Where even that cannot be, for a full disk, it is tried again. */
  async #giveUp(id: string, caller: Caller, outcome: string, staged: Staged | undefined): Promise<void> {
    await this.#drop(id);
    this.#staging.delete(id);
    await this.#ports.audit
      .record({
        event: 'import-ended',
        by: caller.name,
        import: id,
        outcome,
        new: staged?.new ?? 0,
        known: staged?.known ?? 0,
      })
      .catch(() => undefined);
  }

  async #drop(id: string): Promise<void> {
    try {
      await dropStage(this.#ports.store, id);
    } catch (error) {
      this.#ports.log.warn(
        { event: 'stage-not-dropped', import: id, code: codeOf(error) },
        'what an import staged could not be cleared away; it is tried again',
      );
      this.#later(id, IMPORT_RETRY_MS, () => this.#drop(id));
    }
  }

  /** Until the import is over. Throws what stopped it, and then tries again later by itself. */
  #carryOn(
    id: string,
    onRecorded: ImportLife['onRecorded'] = () => undefined,
  ): Promise<ConfirmedImport | undefined> {
    const applying = this.#apply(id, onRecorded);
    this.#applying.set(id, applying);
    applying
      .catch((error: unknown) => {
        this.#ports.log.warn(
          { event: 'import-waits', import: id, code: codeOf(error) },
          'a confirmed import could not be carried on; it is tried again',
        );
        this.#carryOnLater(id, IMPORT_RETRY_MS);
      })
      .finally(() => this.#applying.delete(id));
    return applying;
  }

  #carryOnLater(id: string, afterMs = 0): void {
    // Its failure is logged, and begins the next try.
    this.#later(id, afterMs, () => this.#carryOn(id).then(undefined, () => undefined));
  }

  #later(id: string, afterMs: number, call: () => Promise<unknown>): void {
    if (this.#stopped.signal.aborted) return;
    const cancel = this.#ports.timers.after(afterMs, () => {
      this.#cancelLater.delete(id);
      void call();
    });
    this.#cancelLater.set(id, cancel);
  }

  async #apply(id: string, onRecorded: ImportLife['onRecorded']): Promise<ConfirmedImport | undefined> {
    for (let of: number | undefined; ; ) {
      if (this.#stopped.signal.aborted) throw stoppedWhileApplying();
      const step = await applyPage(this.#ports, id);
      if (step === undefined) return undefined;
      const { now, over } = step;
      of ??= now.new + now.known + now.conflicts.length;
      onRecorded(of - now.left, of);
      if (!over) continue;
      if (now.left > 0) throw damagedStage(now.left);
      return now;
    }
  }
}

function reportOf({ new: fresh, known, conflicts }: Staged | ConfirmedImport, dryRun: boolean): ImportReport {
  return { new: fresh, known, conflicts: conflicts.map((id) => ({ id })), dryRun };
}

/** In the words of whoever imports: what is wrong, and that nothing is to be done again. */
function waitsConfirmed(error: unknown): unknown {
  // These say it themselves.
  if (!(error instanceof KeystairError) || ['interrupted', 'data-damaged'].includes(error.code)) return error;
  const full = error.code === 'disk-full';
  return new KeystairError(error.code, `${error.message}; the import is confirmed, and waits`, {
    nextStep: `do not import again: the server carries it to its end by itself${full ? ' once there is room' : ', and its log says what is in the way'}`,
    cause: error,
  });
}

function stoppedWhileApplying(): KeystairError {
  return new KeystairError(
    'interrupted',
    'the server stops; the import is confirmed and not yet all recorded',
    {
      nextStep: 'start the server again: it carries the import on by itself',
    },
  );
}

function damagedStage(left: number): KeystairError {
  return new KeystairError('data-damaged', `${left} keys of the import are missing from the database`, {
    nextStep: step('verify-and-import'),
  });
}
