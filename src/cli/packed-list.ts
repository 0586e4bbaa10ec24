/**
 * A listing that may be long: compressed as its pages come, and unpacked page by page as it is written. A command
 * writes nothing before it has everything, and a million keys as objects are a gigabyte.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parseJson } from '#domain/bounded-json.ts';
import { PEOPLE_ANSWER_JSON } from '#domain/json-bounds.ts';

/** Fast, because it is unpacked a moment later. */
const LEVEL = 1;

export class PackedList<T> {
  readonly #pages: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(page: readonly T[]): void {
    if (page.length === 0) return;
    const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
    this.#pages.push(zstdCompressSync(JSON.stringify(page), { params }));
    this.#length += page.length;
  }

  /** One page's elements as JSON, without the brackets; no page is empty. */
  *jsonPages(): Generator<string> {
    for (const page of this.#pages) yield zstdDecompressSync(page).toString('utf8').slice(1, -1);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const elements of this.jsonPages()) yield* parseJson(`[${elements}]`, PEOPLE_ANSWER_JSON) as T[];
  }
}

/** A listing that comes in pages: each is asked for from the end of the one before. */
export async function* pages<Page extends { readonly next: string | null }>(
  ask: (behind: { readonly after?: string }) => Promise<Page>,
): AsyncGenerator<Page, void, undefined> {
  let behind: { readonly after?: string } = {};
  for (;;) {
    const page = await ask(behind);
    yield page;
    if (page.next === null) return;
    behind = { after: page.next };
  }
}
