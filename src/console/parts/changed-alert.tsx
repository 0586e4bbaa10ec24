/** Says that somebody else was first, who, and what there is now. */
import { Alert, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Problem } from '../api/problem.ts';
import { CHANGED } from '../texts/changed.ts';
import { useTexts } from '../texts/language.tsx';
import { useCallers } from './callers.ts';
import { capital } from './capital.ts';
import { useTimes } from './times.ts';

export function isChangedMeanwhile(error: unknown): error is Problem {
  return error instanceof Problem && error.code === 'changed-meanwhile';
}

export function ChangedAlert({
  error,
  now,
  stays,
}: {
  readonly error: unknown;
  /** What it is now, in a sentence. */
  readonly now?: ReactNode;
  /** Whether what was entered stays, or is to be entered again. */
  readonly stays: 'entered' | 'again';
}) {
  const texts = useTexts(CHANGED);
  const callers = useCallers();
  const times = useTimes();
  if (!isChangedMeanwhile(error)) return null;
  const { changedBy: by, changedAt: at } = error.details;
  const isKnown = typeof by === 'string' && typeof at === 'string';
  return (
    <Alert
      color="yellow"
      variant="light"
      role="alert"
      title={isKnown ? texts.by(capital(callers(by)), times.day(at)) : texts.somebody}
    >
      {now !== undefined && (
        <Text size="sm" className="long-text">
          {now}
        </Text>
      )}
      <Text size="sm">{texts[stays]}</Text>
    </Alert>
  );
}
