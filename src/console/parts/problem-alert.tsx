/** A refusal or failure: what happened, and what to do next. */
import { Alert, Button, Group, Text } from '@mantine/core';
import { Problem } from '../api/problem.ts';
import { capital } from './capital.ts';
import { useLanguage, useTexts } from '../texts/language.tsx';
import { PROBLEMS } from '../texts/problems.ts';
import { SHELL } from '../texts/shell.ts';

interface Told {
  readonly title: string;
  readonly next: string | undefined;
  /** The server's own words, where the title says less. */
  readonly detail: string | undefined;
}

function useTold(error: unknown): Told {
  const { problems, rights } = useTexts(SHELL);
  const { language } = useLanguage();
  if (!(error instanceof Problem)) return { title: String(error), next: undefined, detail: undefined };
  const { code, message, nextStep, details } = error;
  if (code === 'unreachable') return { title: problems.unreachable, next: undefined, detail: undefined };
  const words: Readonly<Record<string, string>> | null = PROBLEMS[language];
  const title = words?.[code];
  const own = capital(message);
  const advice = nextStep === undefined ? undefined : `${capital(nextStep)}.`;
  if (title === undefined) return { title: own, next: advice, detail: undefined };
  const { area, right } = details;
  if (code === 'not-allowed' && typeof area === 'string' && typeof right === 'string')
    return { title: rights.lacking(area, right), next: rights.ask, detail: undefined };
  return { title, next: undefined, detail: [own, advice].filter(Boolean).join(' — ') };
}

export function ProblemAlert({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}) {
  const { problems } = useTexts(SHELL);
  const { title, next, detail } = useTold(error);
  const mayHelp = !(error instanceof Problem && error.code === 'not-allowed');
  return (
    <Alert color="red" variant="light" role="alert" title={title}>
      {next !== undefined && <Text size="sm">{next}</Text>}
      {detail !== undefined && (
        <Text size="sm" lang="en" className="long-text">
          {problems.says(detail)}
        </Text>
      )}
      {onRetry !== undefined && mayHelp && (
        <Group mt="xs">
          <Button size="xs" variant="default" onClick={onRetry}>
            {problems.tryAgain}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
