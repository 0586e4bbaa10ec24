/**
 * Import: an export file is imported whole or not at all.
 *
 * How it flows: the file is read as it arrives, opened with the password or one of the server's own identities, and
 * staged sealed (stage-import.ts) up to its trailer. Then it is confirmed in one durable step and applied in short
 * transactions (apply-import.ts). A broken connection or a kill before the confirmation leaves nothing. After it the
 * whole import is completed, in spite of a kill or a full disk.
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
  /** Aborted when the importing client has gone. Checked until the import is confirmed. */
  readonly signal: AbortSignal;
  /** Called once, when the file proved whole; nothing is refused after it. */
  readonly onConfirmed: () => void;
  readonly onRecorded: (recorded: number, of: number) => void;
}

export class Imports {
  readonly #ports: TransferPorts;
  /** Imports that this process is reading or dropping. They are not left behind, so they must not be cleared. */
  readonly #staging = new Set<string>();
  readonly #applying = new Map<string, Promise<unknown>>();
  readonly #cancelLater = new Map<string, () => void>();
  readonly #stopped = new AbortController();

  constructor(ports: TransferPorts) {
    this.#ports = ports;
  }

  /** Continues what was confirmed before a restart, and clears what was not. */
  async start(): Promise<void> {
    const { store, rows } = this.#ports;
    for (const { id } of await rows.all(store.reader, 'import')) this.#carryOnLater(id);
    for (const id of await store.reader.stagedImports()) {
      // Read again for each: an import may have been confirmed a moment ago.
      if (this.#staging.has(id)) continue;
      if ((await rows.get(store.reader, 'import', id)) === undefined) await this.#drop(id);
    }
  }

  /** An import being applied ends with its page; the next start continues it. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const cancel of this.#cancelLater.values()) cancel();
    await Promise.allSettled(this.#applying.values());
  }

  /**
   * Throws `export-unreadable`, `file-damaged`, `export-invalid`, `export-version`, `export-conflict`, `disk-low`,
   * `disk-full`, `interrupted`. Nothing was imported then, unless `onConfirmed` was called: after that the server keeps
   * trying on its own.
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
        // From here to the confirmation, the import waits for nothing else.
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
    // The import continues; the repair waits for the next source of these keys.
    await mending.catch((error: unknown) => {
      this.#ports.log.warn(
        { event: 'not-mended', import: id, code: codeOf(error) },
        'damaged keys could not be put right from an import',
      );
    });
  }

  /** Leaves only the audit event. If a full disk prevents even that, it is tried again. */
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

  /** Runs until the import is over. Throws what stopped it, and then tries again later. */
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
    // A failure is logged and starts the next try.
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

/** In words for the importer: what is wrong, and that nothing has to be repeated. */
function waitsConfirmed(error: unknown): unknown {
  // These errors say so themselves.
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
