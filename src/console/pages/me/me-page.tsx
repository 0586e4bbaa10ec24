/** One's own sign-in: what one may do, one's sessions, and how the console looks and speaks. */
import {
  Badge,
  Button,
  Group,
  SegmentedControl,
  Stack,
  Text,
  Title,
  useMantineColorScheme,
} from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../shell/session.tsx';
import { LANGUAGES } from '../../texts/catalogue.ts';
import { useLanguage, useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { SHELL } from '../../texts/shell.ts';
import { App } from './app.tsx';
import { browserName } from './browser-name.ts';
import { Passkeys } from './passkeys.tsx';

export function MePage() {
  const { me: texts, people, devices } = useTexts(LISTS);
  const { rights } = useTexts(SHELL);
  const { me, act } = useSession();
  const { language, choose } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const client = useQueryClient();
  const sessions = useQuery({
    queryKey: ['my-sessions'],
    queryFn: ({ signal }) => call('mySessions', {}, { signal }),
  });
  const end = (id: string): void =>
    void act(() => call('endMySession', { id })).then(() =>
      client.invalidateQueries({ queryKey: ['my-sessions'] }),
    );
  return (
    <Page title={texts.title}>
      <Stack className="card" gap="sm">
        <Title order={2} size="h4">
          <bdi>{me.person.name}</bdi>
        </Title>
        <Text size="sm">
          {texts.roles}: {me.person.roles.length === 0 ? texts.noRoles : me.person.roles.join(', ')}
        </Text>
        <Group gap={6}>
          {me.rights.map(({ area, right, groups }) => (
            <Badge key={`${area} ${right}`} variant="light" tt="none" maw="100%">
              {rights.named(area, right)}
              {groups !== undefined && ` (${groups.map(({ name }) => name).join(', ')})`}
            </Badge>
          ))}
        </Group>
        <Group>
          <SegmentedControl
            aria-label={texts.colours}
            data={[
              { value: 'auto', label: texts.auto },
              { value: 'light', label: texts.light },
              { value: 'dark', label: texts.dark },
            ]}
            value={colorScheme}
            onChange={(value) => setColorScheme(value)}
          />
          <SegmentedControl
            aria-label={texts.language}
            data={LANGUAGES.map((value) => ({
              value,
              label: <span lang={value}>{SHELL[value].language}</span>,
            }))}
            value={language}
            onChange={(value) => choose(value)}
          />
        </Group>
      </Stack>
      <Title order={2} size="h4">
        {texts.sessions}
      </Title>
      <ListTable
        name={texts.sessions}
        rows={sessions.data?.sessions ?? []}
        idOf={({ id }) => id}
        empty=""
        loading={sessions.isLoading}
        error={sessions.error}
        columns={[
          {
            key: 'agent',
            label: texts.browser,
            show: ({ agent }) => (
              <bdi className="long-text" title={agent}>
                {browserName(agent)}
              </bdi>
            ),
          },
          { key: 'address', label: texts.address, show: ({ address }) => address },
          {
            key: 'seen',
            label: people.seen,
            show: ({ lastSeenAt }) => <Time at={lastSeenAt} never={devices.never} />,
          },
          {
            key: 'end',
            label: texts.end,
            hidden: true,
            show: ({ id, current }) =>
              current ? (
                texts.current
              ) : (
                <Button size="compact-sm" variant="default" onClick={() => end(id)}>
                  {texts.end}
                </Button>
              ),
          },
        ]}
      />
      {!sessions.isLoading && <Passkeys />}
      <App />
    </Page>
  );
}
