/** Section *Backups*: the last one, the last trial, what is overdue, and how to make and try one. */
import { Alert, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { useCallers } from '../parts/callers.ts';
import { CopiedText } from '../parts/copied-text.tsx';
import { FactsTable } from '../parts/facts-table.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { RightButton } from '../parts/right-button.tsx';
import { RightNeeded } from '../parts/right-needed.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useTimes } from '../parts/times.ts';
import { useSession } from '../shell/session.tsx';
import { BACKUP_COMMAND, tryBackupCommand } from '../texts/commands.ts';
import { CUSTODY } from '../texts/custody.ts';
import { useTexts } from '../texts/language.tsx';
import { BackupDialog } from './backup-dialog.tsx';

export function BackupsSection() {
  const { backups: texts } = useTexts(CUSTODY);
  const { lacking } = useSession();
  const times = useTimes();
  const callers = useCallers();
  const missing = lacking('showBackups');
  const [making, setMaking] = useState(false);
  const known = useQuery({
    queryKey: ['backups'],
    enabled: missing === undefined,
    queryFn: ({ signal }) => call('showBackups', {}, { signal }),
  });
  if (missing !== undefined) return <RightNeeded right={missing} />;
  if (known.error !== null) return <ProblemAlert error={known.error} onRetry={() => void known.refetch()} />;
  if (known.data === undefined) return null;
  const { made, checked, keys, overdue } = known.data;
  const count = (number: number): string => texts.keys(times.number(number));
  const newer = made === null ? 0 : keys - made.keys;
  return (
    <Stack>
      <div className="card">
        <Title order={3} size="h5">
          {texts.title}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {texts.hint}
        </Text>
        {overdue.length === 0 ? (
          <Group gap="xs" mb="xs">
            <StateMark state="good" />
            <Text size="sm">{texts.fine}</Text>
          </Group>
        ) : (
          <Alert color="yellow" variant="light" mb="xs">
            {overdue.map((what) => (
              <Text key={what} size="sm">
                {texts.overdue[what]}
              </Text>
            ))}
          </Alert>
        )}
        <FactsTable
          facts={[
            [
              texts.last,
              made === null
                ? texts.none
                : `${texts.by(times.day(made.at), callers(made.by), count(made.keys))}${newer > 0 ? `. ${texts.newer(count(newer))}` : ''}`,
            ],
            [
              texts.checked,
              checked === null
                ? texts.neverChecked
                : texts.checkedBy(times.day(checked.at), callers(checked.by), times.day(checked.madeAt)),
            ],
          ]}
        />
        <Group mt="md">
          <RightButton call="startBackup" variant="default" onClick={() => setMaking(true)}>
            {texts.make}
          </RightButton>
        </Group>
      </div>
      <Command title={texts.byCommand} hint={texts.byCommandHint} text={BACKUP_COMMAND} />
      <Command title={texts.try} hint={texts.tryHint} text={tryBackupCommand(globalThis.location.origin)} />
      {making && <BackupDialog onClose={() => setMaking(false)} />}
    </Stack>
  );
}

function Command({
  title,
  hint,
  text,
}: {
  readonly title: string;
  readonly hint: string;
  readonly text: string;
}) {
  return (
    <div className="card">
      <Title order={3} size="h5">
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {hint}
      </Text>
      <CopiedText label={title} text={text} />
    </div>
  );
}
