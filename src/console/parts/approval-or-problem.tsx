/** What became of an act: a request that waits for other people, or a problem. */
import { Alert, Button, Text } from '@mantine/core';
import { Link } from 'react-router';
import { Problem } from '../api/problem.ts';
import { useTexts } from '../texts/language.tsx';
import { TRANSFER } from '../texts/transfer.ts';
import { ProblemAlert } from './problem-alert.tsx';

export function ApprovalOrProblem({ error }: { readonly error: unknown }) {
  const texts = useTexts(TRANSFER);
  if (error === undefined) return null;
  if (!(error instanceof Problem) || error.code !== 'approval-needed') return <ProblemAlert error={error} />;
  return (
    <Alert color="blue" variant="light" role="status">
      <Text size="sm">{texts.waiting}</Text>
      <Button
        component={Link}
        to={`/approvals?approval=${String(error.details['approval'])}`}
        size="xs"
        variant="default"
        mt="xs"
      >
        {texts.toApproval}
      </Button>
    </Alert>
  );
}
