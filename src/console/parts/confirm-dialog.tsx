/** Asks before something that is not undone, names what happens, and shows what became of it. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useWork } from './use-work.ts';
import type { CallOptions } from '../api/call.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { LISTS } from '../texts/lists.ts';
import { ApprovalOrProblem } from './approval-or-problem.tsx';

export function ConfirmDialog<Outcome>({
  title,
  hint,
  yes,
  mild = false,
  work,
  onDone,
  onClose,
}: {
  readonly title: string;
  readonly hint: string;
  readonly yes: string;
  /** Nothing is lost by it. */
  readonly mild?: boolean;
  readonly work: (options: CallOptions) => Promise<Outcome>;
  readonly onDone: (outcome: Outcome) => void;
  readonly onClose: () => void;
}) {
  const { cancel } = useTexts(LISTS);
  const { act } = useSession();
  const { busy, error, run } = useWork();
  const confirm = (): void => run(async () => onDone(await act(work)));
  return (
    <Modal opened onClose={onClose} title={title} centered>
      <Stack>
        <Text size="sm">{hint}</Text>
        <ApprovalOrProblem error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {cancel}
          </Button>
          <Button {...(mild ? {} : { color: 'red' })} loading={busy} onClick={confirm}>
            {yes}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
