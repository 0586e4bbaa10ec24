/**
 * A bug to be planted: faults of the program that together break one promise. A fault names what it is in and not how
 * that reads, so it is still one when the program was moved, formatted anew, or written in other words.
 */

/** What a planted copy hands on is of any type: nobody checks the types of a copy. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

/**
 * From a function as it is sound, the faulty one in its place. Its text is copied: it sees what it is handed, and
 * globals, and nothing around it.
 *
 * @param self what a method is called on. Undefined for a function.
 */
export type Wrap = (sound: (...given: Loose[]) => Loose, self: Loose) => (...given: Loose[]) => Loose;

/** A function at the top of a file, `Class.method`, or `Class.#method`, of which src has one. */
interface WrappedFunction {
  readonly definition: string;
  readonly wrap: Wrap;
}

/** A constant at the top of a file, of which src has one. */
interface ChangedConstant {
  readonly constant: string;
  readonly value: number;
}

export type Fault = WrappedFunction | ChangedConstant;

export interface Bug {
  readonly name: string;
  readonly faults: readonly Fault[];
  /** The most processes of one server, where it takes several. */
  readonly processes?: number;
  /** A seed that finds it; the test looks there and on the few that follow. */
  readonly seed: number;
}
