/** Every statement of one connection, prepared once. */
import type { DatabaseSync } from 'node:sqlite';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { type AuditTable, prepareAuditTable } from './audit-table.ts';
import { type ContactsTable, prepareContactsTable } from './contacts-table.ts';
import { type DeviceOrders, prepareDeviceOrders } from './device-orders.ts';
import { type CursorsTable, prepareCursorsTable } from './cursors-table.ts';
import { type KeysTable, prepareKeysTable } from './keys-table.ts';
import { prepareReceiptsTable, type ReceiptsTable } from './receipts-table.ts';
import { isSqlError } from './sqlite-failure.ts';
import { prepareStagedKeysTable, type StagedKeysTable } from './staged-keys-table.ts';
import { prepareTrustedRowsTable, type TrustedRowsTable } from './trusted-rows-table.ts';

export interface Tables {
  readonly keys: KeysTable;
  readonly staged: StagedKeysTable;
  readonly trustedRows: TrustedRowsTable;
  readonly cursors: CursorsTable;
  readonly contacts: ContactsTable;
  /** Of the rows and the contacts of devices. */
  readonly devices: DeviceOrders;
  readonly receipts: ReceiptsTable;
  readonly audit: AuditTable;
}

/** Runs a short synchronous read; decides when, and on which tables. */
export type Access = <T>(read: (tables: Tables) => T) => Promise<T>;

export type TableName = keyof Omit<Tables, 'devices'>;

/**
 * The same tables; they record whether a read touched one that changed and is not durable yet. For reads that run to
 * their end at once: `forget` before each, `met` after it.
 */
export class WatchedTables implements Tables {
  readonly #tables: Tables;
  readonly #changed: ReadonlySet<TableName>;
  #met = false;

  constructor(tables: Tables, changed: ReadonlySet<TableName>) {
    this.#tables = tables;
    this.#changed = changed;
  }

  get met(): boolean {
    return this.#met;
  }

  forget(): void {
    this.#met = false;
  }

  get keys(): KeysTable {
    return this.#look('keys');
  }

  get staged(): StagedKeysTable {
    return this.#look('staged');
  }

  get trustedRows(): TrustedRowsTable {
    return this.#look('trustedRows');
  }

  get cursors(): CursorsTable {
    return this.#look('cursors');
  }

  get contacts(): ContactsTable {
    return this.#look('contacts');
  }

  get devices(): DeviceOrders {
    this.#look('trustedRows');
    this.#look('contacts');
    return this.#tables.devices;
  }

  get receipts(): ReceiptsTable {
    return this.#look('receipts');
  }

  get audit(): AuditTable {
    return this.#look('audit');
  }

  #look<N extends TableName>(name: N): Tables[N] {
    if (this.#changed.has(name)) this.#met = true;
    return this.#tables[name];
  }
}

/** Throws `data-damaged` where the database lacks a table that it should have. */
export function prepareTables(connection: DatabaseSync): Tables {
  try {
    return {
      keys: prepareKeysTable(connection),
      staged: prepareStagedKeysTable(connection),
      trustedRows: prepareTrustedRowsTable(connection),
      cursors: prepareCursorsTable(connection),
      contacts: prepareContactsTable(connection),
      devices: prepareDeviceOrders(connection),
      receipts: prepareReceiptsTable(connection),
      audit: prepareAuditTable(connection),
    };
  } catch (cause) {
    if (!isSqlError(cause)) throw cause;
    const name = connection.location() ?? 'the database';
    throw new KeystairError('data-damaged', `${name} lacks tables or columns (${cause.message})`, {
      nextStep: step('restore-backup'),
      cause,
    });
  }
}
