/** A store that counts what is read from it: calls, and rows that came back. Passes everything on unchanged. */
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';

export interface Counts {
  reads: number;
  rows: number;
  writes: number;
}

const WRITING = /^(?:append|put|delete|clear|add)/;

function rowsIn(answer: unknown): number {
  if (answer === undefined) return 0;
  if (Array.isArray(answer)) return answer.length;
  return answer instanceof Map || answer instanceof Set ? answer.size : 1;
}

export function countingStore(store: Store): { readonly store: Store; readonly counts: Counts } {
  const counts: Counts = { reads: 0, rows: 0, writes: 0 };

  /** Reader and transaction alike: every member is a function of the port. */
  function counted<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          const answer: unknown = await Reflect.apply(member, target, args);
          if (WRITING.test(String(name))) counts.writes += 1;
          else {
            counts.reads += 1;
            counts.rows += rowsIn(answer);
          }
          return answer;
        };
      },
    });
  }

  return {
    counts,
    store: {
      facts: store.facts,
      reader: counted(store.reader),
      write: (work, options) =>
        store.write((transaction: Transaction) => work(counted(transaction)), options),
      snapshot: () => store.snapshot(),
      freeBytes: () => store.freeBytes(),
      checkStructure: () => store.checkStructure(),
      close: () => store.close(),
    },
  };
}
