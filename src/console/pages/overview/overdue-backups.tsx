/** That a backup or its trial is overdue, to those who can do something about it. */
import { Alert, Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { call } from '../../api/call.ts';
import { useSession } from '../../shell/session.tsx';
import { CUSTODY } from '../../texts/custody.ts';
import { useTexts } from '../../texts/language.tsx';
import { OVERVIEW } from '../../texts/overview.ts';

export function useKnownBackups() {
  const { lacking } = useSession();
  return useQuery({
    queryKey: ['backups'],
    enabled: lacking('showBackups') === undefined && lacking('startBackup') === undefined,
    queryFn: ({ signal }) => call('showBackups', {}, { signal }),
  });
}

export function OverdueBackups() {
  const { backups: texts } = useTexts(CUSTODY);
  const { toBackups } = useTexts(OVERVIEW);
  const { me } = useSession();
  const [, setSearch] = useSearchParams();
  const known = useKnownBackups();
  const overdue = known.data?.overdue ?? [];
  if (overdue.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" title={texts.title}>
      {overdue.map((what) => (
        <Text key={what} size="sm">
          {texts.overdue[what]}
        </Text>
      ))}
      <Button
        variant="default"
        size="xs"
        mt="xs"
        onClick={() =>
          setSearch((now) => {
            now.set('properties', me.server.id);
            now.set('section', 'backups');
            return now;
          })
        }
      >
        {toBackups}
      </Button>
    </Alert>
  );
}
