/**
 * Import: an export file is imported whole or not at all.
 *
 * How it flows: the file is read as it arrives, opened with the password or one of the server's own identities, and
 * staged sealed (stage-import.ts) up to its trailer. Then the importing person confirms it, in one durable step, and it
 * is applied in short transactions (apply-import.ts). A broken connection, a restart or a kill before the confirmation
 * leaves nothing. After it the whole import is completed, in spite of a kill or a full disk.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { IMPORT_RETRY_MS } from '#domain/limits.ts';
import { type Caller, write } from '#domain/right.ts';
import { scopeOf } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import type { ImportReport } from '#protocol/people/routes/transfers.ts';
import { applyPage, type ConfirmedImport, confirmImport } from './apply-import.ts';
import { requireStillInScope } from './devices-in-scope.ts';
import { NamedFile } from './named-file.ts';
import { dropStage, importedFrom, importInterrupted, type Staged, stageImport } from './stage-import.ts';
import type { TransferPorts } from './transfer-ports.ts';

/** What opens the file, and which file it must be. */
export interface FileToImport {
  /** Undefined for a file that is sealed to this server. */
  readonly password: KeyMaterial | undefined;
  /** SHA-256 of the whole file in hexadecimal, if it has to be this one. */
  readonly digest: string | undefined;
}

const IMPORT = write('Encryption key management');

type OnRecorded = (recorded: number, of: number) => void;

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

  /** Continues what was confirmed before a restart, and clears what was not; what a living process holds is its own. */
  async takeOver(): Promise<void> {
    const { store, rows } = this.#ports;
    const held = (await store.processes?.heldStages()) ?? new Set();
    for (const { id } of await rows.all(store.reader, 'import')) {
      if (!held.has(id) && !this.#applying.has(id)) this.#resumeLater(id);
    }
    for (const id of await store.reader.stagedImports()) {
      // Read again for each: an import may have been confirmed a moment ago.
      if (this.#staging.has(id) || held.has(id)) continue;
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
   * `disk-full`, `interrupted`: nothing is staged then.
   *
   * @param gone is aborted when the file will not come whole.
   */
  async stage(
    id: string,
    caller: Caller,
    { password, digest }: FileToImport,
    file: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
  ): Promise<Staged> {
    this.#staging.add(id);
    try {
      const signal = AbortSignal.any([gone, this.#stopped.signal]);
      const keys = {
        password,
        identities: async () => (await this.#ports.identities.all()).map(({ identity }) => identity),
        stretch: this.#ports.stretch,
      };
      const named = digest === undefined ? undefined : new NamedFile(file, digest);
      const staged = await stageImport(
        this.#ports,
        id,
        scopeOf(caller, IMPORT),
        named?.bytes() ?? file,
        keys,
        signal,
      );
      if (signal.aborted) throw importInterrupted();
      named?.requireIt();
      return staged;
    } catch (error) {
      await this.giveUp(id, caller, codeOf(error));
      throw error;
    }
  }

  /** From its end on, the import is completed whatever happens. Throws `disk-full`: nothing is staged then. */
  async confirm(id: string, caller: Caller, staged: Staged): Promise<void> {
    try {
      await requireStillInScope(this.#ports, scopeOf(caller, IMPORT), staged.devices);
      await confirmImport(this.#ports, id, caller.name, staged);
    } catch (error) {
      await this.giveUp(id, caller, codeOf(error), staged);
      throw error;
    }
    this.#staging.delete(id);
  }

  /** Applies a confirmed import. Throws what stopped it; the server keeps trying on its own. */
  async carry(id: string, staged: Staged, onRecorded: OnRecorded): Promise<ImportReport> {
    await this.#repair(id, staged);
    const done = await this.#resume(id, onRecorded).catch((error: unknown) => {
      throw waitsConfirmed(error);
    });
    return reportOf({ ...(done ?? staged), outside: staged.outside }, false);
  }

  /** Leaves only the audit event. If a full disk prevents even that, it is tried again. */
  async giveUp(id: string, caller: Caller, outcome: string, staged?: Staged): Promise<void> {
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

  /** What an earlier try staged under this id could not be cleared away yet. */
  isBeingCleared(id: string): boolean {
    return this.#cancelLater.has(id);
  }

  /** Puts keys that a repair waits for into their damaged rows, so that they are known when the rest is applied. */
  async #repair(id: string, { wanted }: Staged): Promise<void> {
    if (wanted.length === 0) return;
    const repairing = this.#ports.store.write((transaction) =>
      this.#ports.wanted.repair(transaction, wanted, importedFrom(id)),
    );
    // The import continues; the repair waits for the next source of these keys.
    await repairing.catch((error: unknown) => {
      this.#ports.log.warn(
        { event: 'not-repaired', import: id, code: codeOf(error) },
        'damaged keys could not be repaired from an import',
      );
    });
  }

  async #drop(id: string): Promise<void> {
    try {
      await dropStage(this.#ports.store, id);
    } catch (error) {
      this.#ports.log.warn(
        { event: 'stage-not-dropped', import: id, code: codeOf(error) },
        'the staged keys of an import could not be removed; the server tries again',
      );
      this.#later(id, IMPORT_RETRY_MS, () => this.#drop(id));
    }
  }

  /** Runs until the import is over. Throws what stopped it, and then tries again later. */
  #resume(id: string, onRecorded: OnRecorded = () => undefined): Promise<ConfirmedImport | undefined> {
    const applying = this.#apply(id, onRecorded);
    this.#applying.set(id, applying);
    applying
      .catch((error: unknown) => {
        this.#ports.log.warn(
          { event: 'import-waits', import: id, code: codeOf(error) },
          'a confirmed import could not be continued; the server tries again',
        );
        this.#resumeLater(id, IMPORT_RETRY_MS);
      })
      .finally(() => this.#applying.delete(id));
    return applying;
  }

  #resumeLater(id: string, afterMs = 0): void {
    // A failure is logged and starts the next try.
    this.#later(id, afterMs, () => this.#resume(id).then(undefined, () => undefined));
  }

  #later(id: string, afterMs: number, call: () => Promise<unknown>): void {
    if (this.#stopped.signal.aborted) return;
    const cancel = this.#ports.timers.after(afterMs, () => {
      this.#cancelLater.delete(id);
      void call();
    });
    this.#cancelLater.set(id, cancel);
  }

  async #apply(id: string, onRecorded: OnRecorded): Promise<ConfirmedImport | undefined> {
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

export function reportOf(
  { new: fresh, known, conflicts, outside }: Pick<Staged, 'new' | 'known' | 'conflicts' | 'outside'>,
  dryRun: boolean,
): ImportReport {
  const left = outside === 0 ? {} : { outside };
  return { new: fresh, known, conflicts: conflicts.map((id) => ({ id })), ...left, dryRun };
}

/** In words for the importer: what is wrong, and that nothing has to be repeated. */
function waitsConfirmed(error: unknown): unknown {
  // These errors say so themselves.
  if (!(error instanceof KeystairError) || ['interrupted', 'data-damaged'].includes(error.code)) return error;
  const full = error.code === 'disk-full';
  return new KeystairError(error.code, `${error.message}; the import is confirmed and waits`, {
    nextStep: `do not import again: the server completes it automatically${full ? ' once there is space' : '; its log says what blocks it'}`,
    cause: error,
  });
}

function stoppedWhileApplying(): KeystairError {
  return new KeystairError(
    'interrupted',
    'the server is stopping; the import is confirmed, but not all of it is recorded yet',
    {
      nextStep: 'start the server again: it continues the import automatically',
    },
  );
}

function damagedStage(left: number): KeystairError {
  return new KeystairError('data-damaged', `${left} keys of the import are missing from the database`, {
    nextStep: step('verify-and-import'),
  });
}
