/**
 * A store whose reader may meet records under a data key of which this process has not heard yet: it hears of it first.
 * Another process may have made one within the last second.
 */
import type { Barrier } from '#crypto/barrier.ts';
import type { Keyring } from '#crypto/keyring.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Store } from '#store/store.ts';
import type { FoundKeys, Reader } from '#store/transaction.ts';
import { takeDataKeys } from './other-processes.ts';

type KeyReads = Pick<Reader, 'keyById' | 'keysAfter' | 'keysOfDevice' | 'findKeys'>;

/** The keys in an answer of each question that gives any. */
const KEYS_IN: { readonly [Name in keyof KeyReads]: (answer: never) => readonly StoredKey[] } = {
  keyById: (key: StoredKey | undefined) => (key === undefined ? [] : [key]),
  keysAfter: (keys: readonly StoredKey[]) => keys,
  keysOfDevice: (keys: readonly StoredKey[]) => keys,
  findKeys: ({ keys }: FoundKeys) => keys,
};

export function hearingStore(store: Store, barrier: Barrier, keyring: Keyring): Store {
  if (store.processes === undefined) return store;
  const isUnknown = ({ sealed }: StoredKey): boolean =>
    barrier.dataKeyNumber(sealed) > barrier.currentDataKey;
  return { ...store, reader: hearingReader(store.reader, isUnknown, keyring) };
}

function hearingReader(reader: Reader, isUnknown: (key: StoredKey) => boolean, keyring: Keyring): Reader {
  const questions = reader as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const heard = Object.entries(KEYS_IN).map(([name, keysIn]) => {
    const ask = async (...given: unknown[]): Promise<unknown> => {
      const answer = await questions[name]!(...given);
      if (keysIn(answer as never).some(isUnknown)) await takeDataKeys(keyring, reader);
      return answer;
    };
    return [name, ask] as const;
  });
  const replaced = new Map<PropertyKey, unknown>(heard);
  return new Proxy(reader, {
    get(target, name) {
      if (replaced.has(name)) return replaced.get(name);
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
