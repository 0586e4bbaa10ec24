/** Moves a device to another group. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { GroupSelect } from '../../parts/group-select.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { GROUPS } from '../../texts/groups.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';

export function MoveDialog({
  device,
  onDone,
  onClose,
}: {
  readonly device: PeopleAnswer<'listDevices'>['devices'][number];
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const texts = useTexts(GROUPS);
  const { cancel } = useTexts(LISTS);
  const { act } = useSession();
  const { busy, error, run } = useWork();
  const [group, setGroup] = useState(device.group.id);
  const move = (): void =>
    run(async () => {
      await act(() => call('setDevice', { id: device.id, group }));
      onDone();
    });
  return (
    <Modal opened onClose={onClose} title={texts.moveTitle(device.name)} centered>
      <Stack>
        <GroupSelect label={texts.group} value={group} onChange={setGroup} />
        <Text size="sm">{texts.moveHint}</Text>
        <ApprovalOrProblem error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {cancel}
          </Button>
          <Button loading={busy} disabled={group === device.group.id} onClick={move}>
            {texts.move}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
