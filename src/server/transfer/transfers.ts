/** Export and import of one server. When the server stops, a transfer under way breaks off cleanly. */
import { codeOf } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { ExportRequest, ImportReport, ImportRequest } from '#protocol/people/transfer-routes.ts';
import { untilStopped } from '../environment/call-life.ts';
import { exportKeys } from './export-keys.ts';
import type { FileUnderWay } from './file-under-way.ts';
import { type ImportLife, Imports } from './import-keys.ts';
import type { TransferPorts } from './transfer-ports.ts';

export class Transfers {
  readonly #ports: TransferPorts;
  readonly #imports: Imports;
  readonly #stopped = new AbortController();
  readonly #exporting = new Set<Promise<unknown>>();

  constructor(ports: TransferPorts) {
    this.#ports = ports;
    this.#imports = new Imports(ports);
  }

  start(): void {
    this.#imports.start().catch((error: unknown) => {
      this.#ports.log.error(
        { event: 'imports-not-resumed', code: codeOf(error) },
        'imports under way could not be carried on; the next start tries again',
      );
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([this.#imports.stop(), Promise.allSettled(this.#exporting)]);
  }

  /** As `exportKeys`. */
  async exportKeys(
    caller: Caller,
    request: ExportRequest,
    deliver: (underWay: FileUnderWay) => Promise<void>,
  ): Promise<{ readonly exported: number }> {
    const exporting = exportKeys(this.#ports, caller, request, (underWay) =>
      deliver({ ...underWay, bytes: untilStopped(underWay.bytes, this.#stopped.signal, 'export') }),
    );
    this.#exporting.add(exporting);
    try {
      return await exporting;
    } finally {
      this.#exporting.delete(exporting);
    }
  }

  /** As `Imports.take`. */
  importKeys(
    caller: Caller,
    request: ImportRequest,
    file: AsyncIterable<Uint8Array>,
    life: ImportLife,
  ): Promise<ImportReport> {
    return this.#imports.take(caller, request, file, life);
  }
}
