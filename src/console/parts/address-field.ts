/**
 * A filter that stands in the address, so that it survives a reload, comes back with Back, and can be sent to a
 * colleague. While somebody types, the address follows without a new entry for each letter.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';

const TYPED_MS = 250;

export function useAddressField(name: string): readonly [value: string, set: (value: string) => void] {
  const [search, setSearch] = useSearchParams();
  const set = useCallback(
    (value: string) =>
      setSearch(
        () => {
          // Of the address itself: another field may have changed it since this one was drawn.
          const now = new URLSearchParams(window.location.search);
          if (value === '') now.delete(name);
          else now.set(name, value);
          return now;
        },
        { replace: true },
      ),
    [name, setSearch],
  );
  return [search.get(name) ?? '', set];
}

/** The same for text: what is being typed is never overwritten by what was searched for. */
export function useTypedField(name: string): {
  readonly typed: string;
  readonly settled: string;
  readonly type: (value: string) => void;
} {
  const [settled, set] = useAddressField(name);
  const [typed, setTyped] = useState(settled);
  const own = useRef(settled);
  useEffect(() => {
    if (typed === own.current) return undefined;
    const timer = setTimeout(() => {
      own.current = typed;
      set(typed);
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, set]);
  useEffect(() => {
    // The address was changed by Back, or by a link.
    if (settled === own.current) return;
    own.current = settled;
    setTyped(settled);
  }, [settled]);
  return { typed, settled, type: setTyped };
}
