/** One request: exactly what is asked, by whom and why, and the answer to it. */
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { DetailsDrawer } from '../../parts/details-drawer.tsx';
import { FactsTable } from '../../parts/facts-table.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { useTimes } from '../../parts/times.ts';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';

export function ApprovalDetails({
  id,
  onClose,
}: {
  readonly id: string | undefined;
  readonly onClose: () => void;
}) {
  const { approvals: texts } = useTexts(LISTS);
  const { me, act } = useSession();
  const times = useTimes();
  const client = useQueryClient();
  const { busy, error, run } = useWork();
  const shown = useQuery({
    queryKey: ['approval', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => call('showApproval', { id: id! }, { signal }),
  });
  const request = shown.data?.approval.id === id ? shown.data?.approval : undefined;
  const answer = (name: 'approveRequest' | 'denyRequest' | 'withdrawRequest'): void =>
    run(async () => {
      await act(() => call(name, { id: id! }));
      await client.invalidateQueries();
    });
  return (
    <DetailsDrawer
      title={request !== undefined && texts.acts[request.act]}
      opened={id !== undefined}
      onClose={onClose}
    >
      {shown.error !== null && <ProblemAlert error={shown.error} />}
      {request !== undefined && (
        <Stack>
          <FactsTable
            facts={[
              [texts.by, request.by.name],
              [texts.reason, request.reason],
              [texts.state, texts.states[request.state]],
              [texts.until, times.exact(request.expiresAt)],
              [texts.approvedBy, request.approvedBy.map(({ name }) => name).join(', ')],
            ]}
          />
          <div>
            <Text size="sm" fw={500} c="dimmed">
              {texts.parameters}
            </Text>
            <Code block>{`${request.operation}\n${JSON.stringify(request.parameters, null, 2)}`}</Code>
          </div>
          {request.emergency !== null && (
            <Alert color="red" variant="light" title={texts.emergency}>
              <bdi>
                {request.emergency.by}: {request.emergency.reason}
              </bdi>
            </Alert>
          )}
          {request.barrier !== null && (
            <Alert color="gray" variant="light" title={texts.cannot}>
              {texts.barriers[request.barrier]}
            </Alert>
          )}
          {request.state === 'approved' && request.by.id === me.person.id && (
            <Alert color="green" variant="light">
              {texts.repeat}
            </Alert>
          )}
          {error !== undefined && <ProblemAlert error={error} />}
          <Group>
            {request.mayApprove && (
              <>
                <Button loading={busy} onClick={() => answer('approveRequest')}>
                  {texts.approve}
                </Button>
                <Button variant="default" disabled={busy} onClick={() => answer('denyRequest')}>
                  {texts.deny}
                </Button>
              </>
            )}
            {request.by.id === me.person.id &&
              (request.state === 'waiting' || request.state === 'approved') && (
                <Button variant="default" disabled={busy} onClick={() => answer('withdrawRequest')}>
                  {texts.withdraw}
                </Button>
              )}
          </Group>
        </Stack>
      )}
    </DetailsDrawer>
  );
}
