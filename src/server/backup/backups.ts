/** The backups of one server. When the server stops, a backup under way breaks off cleanly. */
import type { Caller } from '#domain/right.ts';
import type { BackupRequest } from '#protocol/people/transfer-routes.ts';
import { untilStopped } from '../environment/call-life.ts';
import type { FileUnderWay } from '../transfer/file-under-way.ts';
import { type BackupPorts, writeBackup } from './write-backup.ts';

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
    deliver: (underWay: FileUnderWay) => Promise<void>,
  ): Promise<{ readonly keys: number }> {
    const writing = writeBackup(this.#ports, caller, request, (underWay) =>
      deliver({ ...underWay, bytes: untilStopped(underWay.bytes, this.#stopped.signal, 'backup') }),
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
}
