/** One device with its drives, by its own word. */
import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { capital } from '../../parts/capital.ts';
import { DetailsDrawer } from '../../parts/details-drawer.tsx';
import { FactsTable } from '../../parts/facts-table.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { type State, StateMark } from '../../parts/state-mark.tsx';
import { useTimes } from '../../parts/times.ts';
import { DRIVES } from '../../texts/drives.ts';
import { useTexts } from '../../texts/language.tsx';

type Drive = NonNullable<PeopleAnswer<'showDevice'>['device']['report']>['drives'][number];

export function DeviceDetails({
  id,
  onClose,
}: {
  readonly id: string | undefined;
  readonly onClose: () => void;
}) {
  const texts = useTexts(DRIVES);
  const times = useTimes();
  const shown = useQuery({
    queryKey: ['device', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => call('showDevice', { id: id! }, { signal }),
  });
  // A late answer about the device before this one is never shown.
  const device = shown.data?.device.id === id ? shown.data?.device : undefined;
  const exact = (at: string | null): string => (at === null ? texts.neverProved : times.exact(at));
  return (
    <DetailsDrawer title={texts.title} opened={id !== undefined} onClose={onClose}>
      {shown.error !== null && <ProblemAlert error={shown.error} onRetry={() => void shown.refetch()} />}
      {device !== undefined && (
        <Stack>
          <Text fw={600} className="long-text">
            <bdi>{device.name}</bdi>
          </Text>
          <FactsTable
            facts={[
              [texts.id, device.id],
              [texts.group, device.group.name],
              [texts.heard, exact(device.lastHeartbeatAt)],
              [texts.told, exact(device.reportedAt)],
            ]}
          />
          {device.report === null ? (
            <Text c="dimmed">{texts.never}</Text>
          ) : (
            <Stack>
              <div>
                <Title order={3} size="h5">
                  {texts.drives}
                </Title>
                <Text size="sm" c="dimmed">
                  {texts.word}
                </Text>
              </div>
              {device.report.problem !== null && (
                <Alert color="red" title={texts.cannotLook}>
                  <span lang="en">{capital(device.report.problem)}</span>
                </Alert>
              )}
              {troubledFirst(device.report.drives).map((drive) => (
                <DriveCard key={drive.path} drive={drive} />
              ))}
              {device.report.left > 0 && (
                <Text size="sm">{texts.left(times.number(device.report.left))}</Text>
              )}
            </Stack>
          )}
        </Stack>
      )}
    </DetailsDrawer>
  );
}

/** What somebody has to look at comes first; else as the device told them. */
function troubledFirst(drives: readonly Drive[]): readonly Drive[] {
  const isQuiet = ({ problem }: Drive): number => (problem === null ? 1 : 0);
  return drives.toSorted((one, other) => isQuiet(one) - isQuiet(other));
}

function DriveCard({ drive }: { readonly drive: Drive }) {
  const texts = useTexts(DRIVES);
  const times = useTimes();
  const { path, uuid, label, model, serial, state, key, provedAt, problem } = drive;
  const proved = provedAt === null ? texts.neverProved : times.exact(provedAt);
  return (
    <section className="card" aria-label={path}>
      <Group gap={6} wrap="nowrap">
        <StateMark state={markOf(drive)} />
        <Text fw={600} className="long-text">
          <bdi>{path}</bdi>
        </Text>
      </Group>
      {problem !== null && (
        <Alert color="red" my="xs" lang="en" className="long-text">
          {capital(problem)}
        </Alert>
      )}
      <FactsTable
        facts={[
          [texts.state, texts.states[state]],
          [texts.label, label],
          [texts.disk, [model, serial].filter((said) => said !== null).join(' ')],
          [texts.uuid, uuid],
          [texts.key, key],
          [texts.lastProved, key === null ? null : proved],
        ]}
      />
      {key !== null && (
        <Button component={Link} to={`/keys?key=${key}`} variant="subtle" size="compact-sm" mt="xs">
          {texts.toKey}
        </Button>
      )}
    </section>
  );
}

function markOf({ problem, key, provedAt }: Drive): State {
  if (problem !== null) return 'bad';
  if (key === null) return 'apart';
  return provedAt === null ? 'off' : 'good';
}
