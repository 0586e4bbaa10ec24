/**
 * Bits of a server's database: of every column of every table, of each kind of row, of the file and of its write-ahead
 * log. The server is started on the copy, verified, and asked everything.
 */
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { KeystairError } from '#domain/errors.ts';
import type { TrustedKind } from '#store/rows.ts';
import type { Dice } from '../../simulation/world/dice.ts';
import { askAll } from './ask.ts';
import { copyDatabase, DATABASE, type FlipSite } from './data-directory.ts';
import { flipped, type FlipClass, type Outcome } from './flip.ts';

interface Table {
  readonly table: string;
  /** What names a row. */
  readonly keys: readonly string[];
  readonly columns: readonly string[];
  /** Columns that decide nothing by design (docs/THREAT_MODEL.md): a wrong one costs sending or showing again. */
  readonly decidesNothing: readonly string[];
}

const CURSORS = ['member', 'epoch', 'rank', 'seq', 'chain'];
const REFUSED = ['member', 'epoch', 'seq', 'key_id', 'reason', 'at'];
const CONTACTS = ['id', 'last_heartbeat_at', 'body', 'device_state', 'heard_at'];
const TOTALS = ['device', 'count', 'digest'];
const RECEIPTS = ['seq', 'device'];
const TILES = ['level', 'n', 'hashes'];

const TABLES: readonly Table[] = [
  {
    table: 'keys',
    keys: ['seq'],
    columns: ['seq', 'id', 'digest', 'chain', 'device', 'fields', 'sealed', 'received_from', 'recorded_at'],
    decidesNothing: [],
  },
  {
    table: 'staged_keys',
    keys: ['n'],
    columns: ['n', 'import', 'id', 'digest', 'device', 'fields', 'sealed', 'recorded_at'],
    // The number of a staged row is nothing but its place.
    decidesNothing: ['n'],
  },
  { table: 'audit', keys: ['seq'], columns: ['seq', 'event', 'mac'], decidesNothing: [] },
  // Made again from the lines.
  { table: 'audit_tiles', keys: ['level', 'n'], columns: TILES, decidesNothing: TILES },
  { table: 'cursors', keys: ['member', 'epoch'], columns: CURSORS, decidesNothing: CURSORS },
  { table: 'refused_keys', keys: ['member', 'epoch', 'seq'], columns: REFUSED, decidesNothing: REFUSED },
  { table: 'contacts', keys: ['id'], columns: CONTACTS, decidesNothing: CONTACTS },
  { table: 'receipts', keys: RECEIPTS, columns: RECEIPTS, decidesNothing: RECEIPTS },
  { table: 'receipt_totals', keys: ['device'], columns: TOTALS, decidesNothing: TOTALS },
];
/** A kind that is missing here does not compile, and one without a row fails. */
const ROW_KINDS = Object.keys({
  setting: true,
  member: true,
  invitation: true,
  primary: true,
  import: true,
  recovery: true,
  authority: true,
  secret: true,
  seal: true,
  'data-key': true,
  checkpoint: true,
  person: true,
  'person-name': true,
  role: true,
  group: true,
  policy: true,
  rotation: true,
  credential: true,
  'api-key': true,
  identity: true,
  passkey: true,
  session: true,
  'session-list': true,
  made: true,
  'made-list': true,
  'set-up': true,
  job: true,
  approval: true,
  'approval-history': true,
  emergency: true,
  notice: true,
  'audit-cursor': true,
} satisfies Record<TrustedKind, true>);
const ROW_COLUMNS = ['kind', 'id', 'body', 'mac'];
/** Beside a member's row, to find it by. */
const PLACE_COLUMNS = ['place', 'sort_name', 'state'];
/** These rows are authenticated by being sealed, and have no MAC to turn a bit of. */
const WITHOUT_MAC: ReadonlySet<string> = new Set(['data-key']);

function withCopy<T>(from: string, work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'keystair-flips-'));
  copyDatabase(from, directory);
  const clear = (): void => rmSync(directory, { recursive: true, force: true });
  const result = work(directory);
  if (result instanceof Promise) return result.finally(clear) as T;
  clear();
  return result;
}

interface Contents {
  /** Of every column, and of those only that decide something. */
  readonly all: string;
  readonly deciding: string;
}

/** Everything that can be read of a database, as digests; undefined where it cannot all be read. */
function contentsOf(directory: string): Contents | undefined {
  const connection = new DatabaseSync(join(directory, DATABASE), { returnArrays: true, readBigInts: true });
  try {
    const digest = (tables: readonly Pick<Table, 'table' | 'columns'>[]): string => {
      const rows = tables.map(({ table, columns }) => {
        const values = columns.map((column) => `typeof(${column}), hex(CAST(${column} AS BLOB))`);
        const order = columns.join(', ');
        return connection.prepare(`SELECT ${values.join(', ')} FROM ${table} ORDER BY ${order}`).all();
      });
      return hash('sha256', JSON.stringify(rows));
    };
    const rows = { table: 'trusted_rows', columns: [...ROW_COLUMNS, ...PLACE_COLUMNS] };
    const deciding = TABLES.map(({ table, columns, decidesNothing }) => ({
      table,
      columns: columns.filter((column) => !decidesNothing.includes(column)),
    })).filter(({ columns }) => columns.length > 0);
    return { all: digest([...TABLES, rows]), deciding: digest([...deciding, rows]) };
  } catch {
    return undefined;
  } finally {
    connection.close();
  }
}

/** A column's value with one bit turned over, and how SQL takes it. */
function flippedValue(value: unknown, dice: Dice): readonly [sql: string, value: SQLInputValue] | undefined {
  if (typeof value === 'bigint') return ['?', BigInt.asIntN(64, value ^ (1n << BigInt(dice.below(64))))];
  const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array | null);
  if (bytes === null || bytes.length === 0) return undefined;
  return [typeof value === 'string' ? 'CAST(? AS TEXT)' : '?', flipped(bytes, dice).bytes];
}

/** Turns over one bit of one row's column. */
function flipColumn(
  directory: string,
  { table, keys }: Pick<Table, 'table' | 'keys'>,
  column: string,
  where: string,
  dice: Dice,
): void {
  const database = new DatabaseSync(join(directory, DATABASE), { returnArrays: true, readBigInts: true });
  try {
    const rows = database
      .prepare(`SELECT ${[...keys, column].join(', ')} FROM ${table} WHERE ${where}`)
      .all();
    const fit = (rows as unknown as unknown[][]).filter(
      (row) => !(row.at(-1) instanceof Uint8Array && (row.at(-1) as Uint8Array).length === 0),
    );
    for (;;) {
      const row = dice.pick(fit);
      const change = flippedValue(row.at(-1), dice);
      if (change === undefined) continue;
      const [sql, value] = change;
      const named = keys.map((key) => `${key} = ?`).join(' AND ');
      const update = database.prepare(`UPDATE ${table} SET ${column} = ${sql} WHERE ${named}`);
      try {
        update.run(value, ...(row.slice(0, -1) as SQLInputValue[]));
        return;
      } catch {
        // It would be another row's name: another bit, then.
      }
    }
  } finally {
    database.close();
  }
}

interface Judging {
  readonly site: FlipSite;
  readonly decidesNothing: boolean;
  /** Contents of the directory before the flip. */
  readonly contents: Contents | undefined;
  /** Contents without the last commit, where a flip may cost that. */
  readonly withoutLast?: Contents | undefined;
}

async function judge(
  directory: string,
  { site, decidesNothing, contents, withoutLast }: Judging,
): Promise<Outcome> {
  const now = contentsOf(directory);
  let asked: Awaited<ReturnType<typeof askAll>>;
  try {
    asked = await askAll(site, directory);
  } catch (error) {
    if (error instanceof KeystairError) return 'found';
    return {
      wrong: `the server ends without a code: ${error instanceof Error ? error.stack : String(error)}`,
    };
  }
  const [wrong] = asked.wrongs;
  if (wrong !== undefined) return { wrong };
  if (now !== undefined && now.all === withoutLast?.all) return 'as a crash';
  if (decidesNothing && asked.failures.length > 0)
    return { wrong: `it should decide nothing, and now: ${asked.failures[0]}` };
  if (asked.problems.length > 0 || asked.failures.length > 0) return 'found';
  if (now?.all === contents?.all) return 'same';
  const letBe = decidesNothing || (now !== undefined && now.deciding === contents?.deciding);
  return letBe ? 'let be' : { wrong: 'nothing tells of it' };
}

function columnClasses(site: FlipSite, contents: Contents | undefined): FlipClass[] {
  const column = (
    table: Pick<Table, 'table' | 'keys'>,
    name: string,
    where: string,
    decidesNothing: boolean,
  ) => ({
    name: `${table.table}${where === 'true' ? '' : ` (${where.split("'")[1]})`}: ${name}`,
    run: (dice: Dice) =>
      withCopy(site.stopped, (directory) => {
        flipColumn(directory, table, name, where, dice);
        return judge(directory, { site, decidesNothing, contents });
      }),
  });
  const rows = { table: 'trusted_rows', keys: ['kind', 'id'] };
  return [
    ...TABLES.flatMap((table) =>
      table.columns.map((name) => column(table, name, 'true', table.decidesNothing.includes(name))),
    ),
    ...ROW_KINDS.flatMap((kind) =>
      ROW_COLUMNS.filter((name) => name !== 'mac' || !WITHOUT_MAC.has(kind)).map((name) =>
        column(rows, name, `kind = '${kind}'`, false),
      ),
    ),
    ...PLACE_COLUMNS.map((name) => column(rows, name, "kind = 'member'", false)),
  ];
}

function fileClass(
  site: FlipSite,
  name: string,
  from: string,
  file: string,
  judging: Judging,
  end?: number,
): FlipClass {
  return {
    name,
    run: (dice) =>
      withCopy(from, (directory) => {
        const path = join(directory, file);
        const whole = readFileSync(path);
        const { bytes, at } = flipped(whole, dice, 0, end ?? whole.length);
        writeFileSync(path, bytes);
        // Only where the bit lies in the last commit may that commit be the price.
        const withoutLast = at >= site.lastCommitAt ? judging.withoutLast : undefined;
        return judge(directory, { ...judging, withoutLast });
      }),
  };
}

export async function databaseFlips(site: FlipSite): Promise<FlipClass[]> {
  for (const from of [site.stopped, site.killed]) {
    const { problems, failures, wrongs } = await withCopy(from, (directory) => askAll(site, directory));
    if (problems.length + failures.length + wrongs.length > 0)
      throw new Error(
        `the unaltered server is not well: ${[...problems, ...failures, ...wrongs].join('; ')}`,
      );
  }
  const stopped = withCopy(site.stopped, contentsOf);
  const killed = withCopy(site.killed, contentsOf);
  const withoutLast = withCopy(site.killed, (directory) => {
    truncateSync(join(directory, `${DATABASE}-wal`), site.lastCommitAt);
    return contentsOf(directory);
  });
  const judging = { site, decidesNothing: false };
  const log = `${DATABASE}-wal`;
  return [
    ...columnClasses(site, stopped),
    fileClass(site, 'the database file', site.stopped, DATABASE, { ...judging, contents: stopped }),
    fileClass(
      site,
      "the database file's header",
      site.stopped,
      DATABASE,
      { ...judging, contents: stopped },
      100,
    ),
    fileClass(site, 'the write-ahead log', site.killed, log, { ...judging, contents: killed, withoutLast }),
    fileClass(site, "the log's header", site.killed, log, { ...judging, contents: killed, withoutLast }, 32),
  ];
}
