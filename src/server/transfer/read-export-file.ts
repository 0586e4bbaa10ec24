/**
 * Reads the inside of an export file as it arrives: lines of bounded length, every record checked against its id, count
 * and digest against the trailer. Invariant: the reader ends without an error only if the file was whole.
 */
import { createHash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import {
  type ExportHeader,
  exportInvalid,
  lineTooLong,
  parseExportHeader,
  parseExportLine,
} from '#domain/export-file.ts';
import { EXPORT_LINE_BYTES_MAX, TRANSFER_PAGE_KEYS } from '#domain/limits.ts';
import { keyFromWire } from '#protocol/wire-key.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { LineCutter } from '#domain/line-cutter.ts';

export interface ExportPage {
  readonly header: ExportHeader;
  readonly keys: readonly CheckedKey[];
}

/** Yields pages of some `TRANSFER_PAGE_KEYS` checked keys. Throws `export-invalid`, `export-version`. */
export async function* readExportFile(
  plaintext: AsyncIterable<Uint8Array>,
): AsyncGenerator<ExportPage, void, undefined> {
  const cutter = new LineCutter(EXPORT_LINE_BYTES_MAX, lineTooLong);
  const body = new ExportBody();
  for await (const bytes of plaintext) {
    for (const line of cutter.push(bytes)) body.take(line);
    if (body.pageLength >= TRANSFER_PAGE_KEYS) yield body.page();
  }
  const rest = cutter.rest();
  if (rest !== undefined) body.take(rest);
  // Before the last page: a file that is not whole should cost no further work.
  body.end();
  yield body.page();
}

/** How far the file has been read. */
class ExportBody {
  readonly #digest = createHash('sha256');
  #header: ExportHeader | undefined;
  #trailer: { readonly count: number; readonly digest: string } | undefined;
  #lines = 0;
  #count = 0;
  #page: CheckedKey[] = [];

  get pageLength(): number {
    return this.#page.length;
  }

  take(line: Buffer): void {
    this.#lines += 1;
    if (this.#trailer !== undefined) throw exportInvalid('the file has data after its trailer');
    const text = line.toString('utf8');
    if (this.#header === undefined) {
      this.#header = parseExportHeader(text);
    } else {
      const parsed = parseExportLine(text, this.#lines);
      if (parsed.kind === 'trailer') {
        this.#trailer = parsed;
        return;
      }
      this.#page.push(checkedRecord(parsed.value, this.#lines));
      this.#count += 1;
    }
    this.#digest.update(line);
  }

  page(): ExportPage {
    const keys = this.#page;
    this.#page = [];
    // There is a header before any page: an empty file has no trailer either.
    return { header: this.#header!, keys };
  }

  end(): void {
    if (this.#header === undefined) parseExportHeader('');
    if (this.#trailer === undefined) {
      throw exportInvalid(`the file ends after ${this.#count} records without its trailer`);
    }
    const { count, digest } = this.#trailer;
    if (count !== this.#count) {
      throw exportInvalid(`the trailer says ${count} records, but the file holds ${this.#count}`);
    }
    if (this.#digest.digest('hex') !== digest) {
      throw exportInvalid("the trailer's digest does not match the lines before it");
    }
  }
}

function checkedRecord(value: unknown, line: number): CheckedKey {
  try {
    return keyFromWire(value);
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    throw exportInvalid(`the record on line ${line} is not valid: ${error.message}`, error);
  }
}
