/** A file that has to be a certain one: its digest is computed as it is read. */
import { createHash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';

export class NamedFile {
  readonly #file: AsyncIterable<Uint8Array>;
  readonly #digest: string;
  #found: string | undefined;

  /** @param digest SHA-256 of all its bytes, in lower-case hexadecimal. */
  constructor(file: AsyncIterable<Uint8Array>, digest: string) {
    this.#file = file;
    this.#digest = digest;
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    for await (const block of this.#file) {
      hash.update(block);
      yield block;
    }
    this.#found = hash.digest('hex');
  }

  /** Throws `export-invalid`. A file that was not read to its end is another one. */
  requireIt(): void {
    if (this.#found === this.#digest) return;
    throw new KeystairError('export-invalid', 'the file is another one than the import was started for', {
      nextStep: 'nothing was imported; bring the file with that digest, or start an import of this one',
    });
  }
}
