/**
 * What was acknowledged, by whom, in the order in which it was heard. Invariant: a line is written when the answer has
 * arrived and never before, in a file that outlives this process, so that a broken promise can be looked into.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

export class Journal {
  readonly #file: number;
  readonly #acknowledged = new Map<string, string[]>();

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  /** @param by the server's name. */
  acknowledged(by: string, id: string): void {
    const ids = this.#acknowledged.get(by) ?? [];
    ids.push(id);
    this.#acknowledged.set(by, ids);
    writeSync(this.#file, `${by} acknowledged ${id}\n`);
  }

  note(sentence: string): void {
    writeSync(this.#file, `${sentence}\n`);
  }

  /** Ids that this server acknowledged, from the so-manieth on. */
  from(by: string, index: number): readonly string[] {
    return this.#acknowledged.get(by)?.slice(index) ?? [];
  }

  close(): void {
    closeSync(this.#file);
  }
}
