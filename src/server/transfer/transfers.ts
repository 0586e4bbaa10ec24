/** Export and import of one server. */
import { codeOf } from '#domain/errors.ts';
import type { ExportRequest } from '#protocol/people/routes/transfers.ts';
import { Downloads } from './downloads.ts';
import { type PreparedExport, prepareExport, sendExport } from './export-keys.ts';
import { Imports } from './import-keys.ts';
import type { StartedPorts } from './started.ts';
import { StartedImports } from './started-imports.ts';
import type { TransferPorts } from './transfer-ports.ts';

export class Transfers {
  readonly exports: Downloads<ExportRequest, PreparedExport>;
  readonly imports: StartedImports;
  readonly #applied: Imports;
  readonly #log: TransferPorts['log'];

  constructor(ports: TransferPorts & StartedPorts) {
    this.#log = ports.log;
    this.#applied = new Imports(ports);
    this.imports = new StartedImports(ports, this.#applied);
    this.exports = new Downloads(ports, {
      what: 'export',
      prepare: (caller, id, request) => prepareExport(ports, caller, id, request),
      send: (caller, prepared, deliver) => sendExport(ports, caller, prepared, deliver),
    });
  }

  /** Goes on with what processes that ended have left. */
  takeOver(): void {
    this.#applied.takeOver().catch((error: unknown) => {
      this.#log.error(
        { event: 'imports-not-resumed', code: codeOf(error) },
        'unfinished imports could not be continued; the next start tries again',
      );
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.exports.stop(), this.imports.stop(), this.#applied.stop()]);
  }
}
