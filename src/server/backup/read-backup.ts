/**
 * Reads a backup as it arrives: opens it with its password, checks every line's form, and checks counts and digest
 * against the trailer. Invariant: the reader ends without an error only if the file was whole.
 */
import { createHash } from 'node:crypto';
import type { Stretch } from '#crypto/age/scrypt-stanza.ts';
import { BACKUP_LINE_BYTES_MAX, RESTORE_PAGE_ROWS } from '#domain/limits.ts';
import { REPOSITORY_TABLES, type RepositoryPage, type RepositoryTable } from '#store/snapshot.ts';
import { LineCutter } from '#domain/line-cutter.ts';
import {
  type BackupCounts,
  type BackupHeader,
  backupInvalid,
  backupLineTooLong,
  noRows,
  parseHeader,
  parseLine,
} from './backup-lines.ts';
import { openBackup } from './open-backup.ts';

export interface BackupPage {
  readonly header: BackupHeader;
  readonly page: RepositoryPage | undefined;
  /** Rows of every table so far, including this page. */
  readonly counts: BackupCounts;
}

/**
 * Throws `backup-unreadable`, `backup-damaged`, `backup-invalid`, `data-newer`. Yields the last page only after
 * checking the trailer.
 */
export async function* readBackup(
  file: AsyncIterable<Uint8Array>,
  password: string,
  stretch?: Stretch,
): AsyncGenerator<BackupPage, void, undefined> {
  const body = new BackupBody();
  const cutter = new LineCutter(BACKUP_LINE_BYTES_MAX, backupLineTooLong);
  for await (const bytes of openBackup(file, password, stretch)) {
    for (const line of cutter.push(bytes)) {
      const page = body.take(line);
      if (page !== undefined) yield page;
    }
  }
  if (cutter.rest() !== undefined) throw backupInvalid('the backup ends in the middle of a line');
  yield body.end();
}

/** How far the backup has been read. */
class BackupBody {
  readonly #digest = createHash('sha256');
  readonly #counts = noRows();
  #header: BackupHeader | undefined;
  #trailer: { readonly counts: Readonly<Record<string, unknown>>; readonly digest: string } | undefined;
  #lines = 0;
  #table: RepositoryTable | undefined;
  #rows: object[] = [];

  /** Returns a full page, or the rest of a finished table. */
  take(line: Buffer): BackupPage | undefined {
    this.#lines += 1;
    if (this.#trailer !== undefined) throw backupInvalid('the backup has data after its trailer');
    const text = line.toString('utf8');
    if (this.#header === undefined) {
      this.#header = parseHeader(text);
      this.#digest.update(line);
      return undefined;
    }
    const parsed = parseLine(text, this.#lines);
    if (parsed.kind === 'trailer') {
      this.#trailer = parsed;
      return undefined;
    }
    this.#digest.update(line);
    const full = this.#rows.length >= RESTORE_PAGE_ROWS || parsed.table !== this.#table;
    const page = full && this.#rows.length > 0 ? this.#page() : undefined;
    this.#add(parsed.table, parsed.row);
    return page;
  }

  end(): BackupPage {
    if (this.#trailer === undefined) throw backupInvalid('the backup ends without its trailer');
    const { counts, digest } = this.#trailer;
    for (const table of REPOSITORY_TABLES) {
      if (counts[table] === this.#counts[table]) continue;
      throw backupInvalid(
        `the trailer says ${String(counts[table])} rows of ${table}, but the backup holds ${this.#counts[table]}`,
      );
    }
    if (this.#digest.digest('hex') !== digest) {
      throw backupInvalid("the trailer's digest does not match the lines before it");
    }
    return this.#page();
  }

  #add(table: RepositoryTable, row: object): void {
    const counted = this.#counts[table] + 1;
    if ((table === 'keys' || table === 'audit') && (row as { seq: number }).seq !== counted) {
      throw backupInvalid(`row ${counted} of the table ${table} is missing from the backup`);
    }
    this.#counts[table] = counted;
    this.#table = table;
    this.#rows.push(row);
  }

  #page(): BackupPage {
    const rows = this.#rows;
    this.#rows = [];
    const page = rows.length === 0 ? undefined : ({ table: this.#table, rows } as RepositoryPage);
    // There is a header before any row or trailer.
    return { header: this.#header!, page, counts: { ...this.#counts } };
  }
}
