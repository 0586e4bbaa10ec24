/**
 * One connection to PostgreSQL. Queries are sent at once and answered in order; what the database warns of is kept, for
 * a commit that was warned of is not known to be on the standby.
 */
import pg from 'pg';
import type { History } from '../setback.ts';
import type { DatabaseHost, DatabasePlace } from './place.ts';

export type Scalar = string | number | bigint | boolean | null | Uint8Array;
export type Value = Scalar | readonly Scalar[];
export type Row = readonly unknown[];

export interface Answer {
  readonly rows: readonly Row[];
  /** Rows that were written. */
  readonly count: number;
  /** The command that was done: `COMMIT`, or `ROLLBACK` where a transaction had failed before. */
  readonly command: string;
}

/** One try to connect: the next host is asked after it. */
const CONNECT_MS_MAX = 1500;
/** A statement that takes longer has met something that does not end. */
const STATEMENT_MS_MAX = 15_000;
const INT8 = 20;

const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? wholeNumber : pg.types.getTypeParser(oid, format),
};

/** Every number of ours is one that a double holds exactly; anything else is damage, and no row fits it. */
function wholeNumber(text: string): number {
  return Number(text);
}

/** What the driver, the network or the database said; anything else that is thrown is not theirs. */
export class DatabaseFault extends Error {
  /** The SQLSTATE, or the code of the system; the driver's own faults have none. */
  readonly code: string;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    const { code } = (cause ?? {}) as { readonly code?: unknown };
    this.code = typeof code === 'string' ? code : '';
  }
}

function throwFault(cause: unknown): never {
  throw new DatabaseFault(cause);
}

export class Session {
  readonly host: DatabaseHost;
  readonly #client: pg.Client;
  #warnings = 0;
  #history: History | undefined;
  #lost: Error | undefined;

  constructor(client: pg.Client, host: DatabaseHost) {
    this.host = host;
    this.#client = client;
    client.on('notice', ({ severity }) => {
      if (severity === 'WARNING') this.#warnings += 1;
    });
    client.on('error', (error) => {
      this.#lost ??= error;
    });
    client.on('end', () => {
      this.#lost ??= new Error('the connection to the database ended');
    });
  }

  static async connect(place: DatabasePlace, at: DatabaseHost): Promise<Session> {
    const { host, port } = at;
    const { user, database, password, ca } = place;
    const isLocal = host.startsWith('/') || LOOPBACK.has(host);
    const client = new pg.Client({
      host,
      port,
      user,
      database,
      password,
      // A password would go to anyone who answers there.
      ssl: isLocal && ca === undefined ? false : { ca, rejectUnauthorized: true },
      application_name: 'keystair',
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      keepAlive: true,
      pipeline: true,
      types: TYPES,
    });
    const session = new Session(client, at);
    await client.connect().catch(throwFault);
    return session;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** The database's process that serves this connection, as it said when it was made; 0 where it did not say. */
  get servedBy(): number {
    const { processID } = this.#client as unknown as { readonly processID?: number | null };
    return processID ?? 0;
  }

  /** Of the instance at the other end. */
  get history(): History | undefined {
    return this.#history;
  }

  /** A primary keeps its timeline for as long as it runs. */
  belongsTo(history: History): void {
    this.#history = history;
  }

  /** How often the database warned so far. */
  get warnings(): number {
    return this.#warnings;
  }

  async query(text: string, values: readonly Value[] = []): Promise<Answer> {
    const result = await this.#client
      .query<unknown[]>({ text, values: [...values], rowMode: 'array' })
      .catch(throwFault);
    return { rows: result.rows, count: result.rowCount ?? 0, command: result.command };
  }

  /** Several statements without values in one message: the answer of each. */
  async script(text: string): Promise<readonly Answer[]> {
    const results = (await this.#client.query({ text, rowMode: 'array' }).catch(throwFault)) as unknown;
    return (results as pg.QueryArrayResult<unknown[]>[]).map(({ rows, rowCount, command }) => ({
      rows,
      count: rowCount ?? 0,
      command,
    }));
  }

  /** @param listener is told who notified. */
  onNotification(listener: (from: string) => void): void {
    this.#client.on('notification', ({ payload }) => listener(payload ?? ''));
  }

  /** Ends it now: what it had not committed is undone. */
  cut(): void {
    this.#lost ??= new Error('the connection to the database was cut');
    const { connection } = this.#client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }

  async end(): Promise<void> {
    if (this.isLost) return;
    await this.#client.end().catch(() => undefined);
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
