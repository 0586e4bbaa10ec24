/** A real store whose transactions a test answers for, or makes fail, call by call. */
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';

/**
 * @param before told of every call of a transaction's methods, before it is made. What it throws, the call throws; a
 *   function that it returns is called in place of the method.
 */
export function throughTransactions(
  store: Store,
  before: (method: keyof Transaction) => (() => unknown) | undefined,
): Store {
  const watched = (transaction: Transaction): Transaction =>
    new Proxy(transaction, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...values: unknown[]) => unknown;
        return (...values: unknown[]) =>
          (before(name as keyof Transaction) ?? (() => method.apply(target, values)))();
      },
    });
  return {
    ...store,
    reader: store.reader,
    write: (work, options) => store.write((transaction) => work(watched(transaction)), options),
  };
}
