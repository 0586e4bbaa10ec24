/** The invitation of a device: into which group, and the command that is run there. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { useGroups } from '../../api/groups.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { CopiedText } from '../../parts/copied-text.tsx';
import { GroupSelect } from '../../parts/group-select.tsx';
import { useTimes } from '../../parts/times.ts';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { enrolCommand } from '../../texts/commands.ts';
import { GROUPS } from '../../texts/groups.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';

export function InviteDialog({
  group: first,
  onClose,
}: {
  /** The one that is shown; empty for none. */
  readonly group: string;
  readonly onClose: () => void;
}) {
  const { devices: texts, cancel } = useTexts(LISTS);
  const { group: groupLabel, inviteInto } = useTexts(GROUPS);
  const times = useTimes();
  const { act } = useSession();
  const { busy, error, run } = useWork();
  const groups = useGroups().data?.groups ?? [];
  const [chosen, setChosen] = useState(first);
  const [invitation, setInvitation] = useState<PeopleAnswer<'inviteDevice'>>();
  const group = chosen === '' ? (groups[0]?.id ?? '') : chosen;
  const invite = (): void =>
    run(async () => setInvitation(await act(() => call('inviteDevice', group === '' ? {} : { group }))));
  return (
    <Modal opened onClose={onClose} title={texts.inviteTitle} size="lg" centered>
      {invitation === undefined ? (
        <Stack>
          {groups.length > 1 && <GroupSelect label={groupLabel} value={group} onChange={setChosen} />}
          <Text size="sm">{groups.length > 1 ? inviteInto : texts.inviteHint}</Text>
          <ApprovalOrProblem error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {cancel}
            </Button>
            <Button loading={busy} onClick={invite}>
              {texts.inviteYes}
            </Button>
          </Group>
        </Stack>
      ) : (
        <Stack>
          <Text size="sm">{texts.inviteHint}</Text>
          <CopiedText label={texts.inviteTitle} text={enrolCommand(invitation.invitation)} />
          <Text size="sm" c="dimmed">
            {texts.until(times.day(invitation.expiresAt))}
          </Text>
        </Stack>
      )}
    </Modal>
  );
}
