/** Invites a branch: a command to copy, which works once. */
import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { CopiedText } from '../../parts/copied-text.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { useTimes } from '../../parts/times.ts';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { joinCommand } from '../../texts/commands.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { OVERVIEW } from '../../texts/overview.ts';

export function InviteBranchDialog({ onClose }: { readonly onClose: () => void }) {
  const texts = useTexts(OVERVIEW);
  const { devices, cancel } = useTexts(LISTS);
  const { act } = useSession();
  const times = useTimes();
  const [dmz, setDmz] = useState(false);
  const [made, setMade] = useState<PeopleAnswer<'inviteSecondary'>>();
  const { busy, error, run } = useWork();
  const make = (): void => run(async () => setMade(await act(() => call('inviteSecondary', { dmz }))));
  return (
    <Modal opened onClose={onClose} title={texts.inviteTitle} size="lg" centered>
      <Stack>
        {made === undefined ? (
          <Checkbox
            label={texts.dmz}
            checked={dmz}
            onChange={(event) => setDmz(event.currentTarget.checked)}
          />
        ) : (
          <>
            <Text size="sm">{texts.inviteHint}</Text>
            <CopiedText label={texts.inviteTitle} text={joinCommand(made.invitation)} />
            <Text size="sm" c="dimmed">
              {devices.until(times.day(made.expiresAt))}
            </Text>
          </>
        )}
        {error !== undefined && <ProblemAlert error={error} />}
        {made === undefined && (
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {cancel}
            </Button>
            <Button loading={busy} onClick={make}>
              {texts.make}
            </Button>
          </Group>
        )}
      </Stack>
    </Modal>
  );
}
