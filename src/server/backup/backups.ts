/** The backups of one server, with their end: what stops with the server breaks off cleanly. */
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { BackupRequest } from '#protocol/people/transfer-routes.ts';
import { type BackupPorts, type BackupUnderWay, writeBackup } from './write-backup.ts';

export class Backups {
  readonly #ports: BackupPorts;
  readonly #stopped = new AbortController();
  readonly #writing = new Set<Promise<unknown>>();

  constructor(ports: BackupPorts) {
    this.#ports = ports;
  }

  /** As `writeBackup`. */
  async write(
    caller: Caller,
    request: BackupRequest,
    deliver: (underWay: BackupUnderWay) => Promise<void>,
  ): Promise<{ readonly keys: number }> {
    const writing = writeBackup(this.#ports, caller, request, (underWay) =>
      deliver({ ...underWay, bytes: this.#untilStopped(underWay.bytes) }),
    );
    this.#writing.add(writing);
    try {
      return await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#writing);
  }

  async *#untilStopped(bytes: BackupUnderWay['bytes']): BackupUnderWay['bytes'] {
    for await (const block of bytes) {
      if (this.#stopped.signal.aborted) {
        throw new KeystairError('interrupted', 'the server stops before the backup is whole', {
          nextStep: 'start the server and run the command again',
        });
      }
      yield block;
    }
  }
}
