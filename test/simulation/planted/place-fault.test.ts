/** A fault is in the program wherever what it names lies and however that is written, or planting it is refused. */
import assert from 'node:assert/strict';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';
import type { Fault, Wrap } from './bug.ts';
import { withFault } from './place-fault.ts';

const PROGRAM = `
/** Says function greet(name) in a comment, and "function greet(" in a text. */
export async function greet(name: string): Promise<string> { return 'Good day, ' + name; }
function *count(to: number): Generator<number> { for (let at = 0; at < to; at += 1) yield at; }
export const LIMIT_MS: number = 5; const TWICE_MS = LIMIT_MS * 2;
const half = (of: number): number => of / 2;

export class Clerk {
\treadonly #name = half(4);
\tgreet(name: string): Promise<string> {
\t\treturn greet(
\t\t\tname);
\t}
\tasync #sum<T extends { n: number }>(
\t\ts: readonly T[]) { if (s.length === 0) { return 0; } return s.reduce((sum, { n }) => sum + n, this.#name); }
\tsum(s: readonly { n: number }[]) { return this.#sum(s); }
\t*numbers() { yield* count(3); }
}
export const limits = () => [LIMIT_MS, TWICE_MS];
`;

interface Clerk {
  greet(name: string): Promise<string>;
  sum(numbers: readonly { readonly n: number }[]): Promise<number>;
  numbers(): Iterable<number>;
}

async function withFaults(...faults: readonly Fault[]) {
  const [file] = faults.reduce(withFault, [{ path: 'moved/anywhere.ts', text: PROGRAM }]);
  const code = stripTypeScriptTypes(file!.text);
  const program = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    readonly greet: (name: string) => Promise<string>;
    readonly limits: () => readonly number[];
    readonly Clerk: new () => Clerk;
  };
  return { ...program, clerk: new program.Clerk() };
}

const LOUD: Wrap =
  (sound) =>
  async (...given) =>
    `${await sound(...given)}!`;

test('whoever calls a function meets its fault, in the same file too', async () => {
  const { greet, clerk } = await withFaults({ definition: 'greet', wrap: LOUD });
  assert.equal(await greet('Ada'), 'Good day, Ada!');
  assert.equal(await clerk.greet('Ada'), 'Good day, Ada!');
});

test('a fault of a method is no fault of the function that has its name', async () => {
  const { greet, clerk } = await withFaults({ definition: 'Clerk.greet', wrap: LOUD });
  assert.equal(await greet('Ada'), 'Good day, Ada');
  assert.equal(await clerk.greet('Ada'), 'Good day, Ada!');
});

test('a private method, a generator and a constant can have one, all at once', async () => {
  const { clerk, limits } = await withFaults(
    { definition: 'Clerk.#sum', wrap: (sound) => async (numbers) => -(await sound(numbers)) },
    {
      definition: 'Clerk.numbers',
      wrap: (sound, self) => () => [...sound(), typeof self.greet],
    },
    { definition: 'count', wrap: (sound) => (to) => sound(to - 1) },
    { constant: 'LIMIT_MS', value: Infinity },
  );
  assert.equal(await clerk.sum([{ n: 1 }, { n: 2 }]), -5);
  assert.deepEqual([...clerk.numbers()], [0, 1, 'function']);
  assert.deepEqual(limits(), [Infinity, Infinity]);
});

test('a name that the program does not define once is refused', () => {
  const file = { path: 'a.ts', text: PROGRAM };
  const wrap: Wrap = (sound) => sound;
  const refused = (fault: Fault, files = [file]): void => {
    assert.throws(() => withFault(files, fault), /src defines .+ (?:0|2) times/);
  };
  refused({ definition: 'greetings', wrap });
  refused({ definition: 'Clerk.half', wrap });
  refused({ definition: 'Clerk.#greet', wrap });
  refused({ constant: 'LIMIT', value: 1 });
  refused({ definition: 'greet', wrap }, [file, { path: 'b.ts', text: 'function greet() {}' }]);
  withFault([file, { path: 'b.ts', text: '// function greet() {}\ngreet();' }], {
    definition: 'greet',
    wrap,
  });
});
