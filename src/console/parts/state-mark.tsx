/** A state as a shape and a colour, for those who see; the word stands beside it or is read out. */
import { VisuallyHidden } from '@mantine/core';

export type State = 'good' | 'off' | 'apart' | 'bad';

export const STATE_COLOURS: Readonly<Record<State, string>> = {
  good: 'var(--mantine-color-green-8)',
  off: 'var(--mantine-color-yellow-7)',
  apart: 'var(--mantine-color-gray-6)',
  bad: 'var(--mantine-color-red-7)',
};

/** A disc for good, a ring for off, a broken ring for a DMZ, a square for what is broken. */
export function StateMark({ state, word }: { readonly state: State; readonly word?: string | undefined }) {
  const colour = STATE_COLOURS[state];
  return (
    <>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" style={{ flex: 'none' }}>
        {state === 'good' && <circle cx="6" cy="6" r="4.5" fill={colour} />}
        {state === 'off' && <circle cx="6" cy="6" r="3.75" fill="none" stroke={colour} strokeWidth="2.5" />}
        {state === 'apart' && (
          <circle cx="6" cy="6" r="4" fill="none" stroke={colour} strokeWidth="2" strokeDasharray="3.2 3" />
        )}
        {state === 'bad' && <rect x="1.75" y="1.75" width="8.5" height="8.5" rx="1.5" fill={colour} />}
      </svg>
      {word !== undefined && <VisuallyHidden>{word}</VisuallyHidden>}
    </>
  );
}
