/** Section *Seals and data keys*: what opens the server, and under what its records lie. */
import { Group, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../api/call.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { NoticeList } from '../parts/notice-list.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { RightButton } from '../parts/right-button.tsx';
import { RightNeeded } from '../parts/right-needed.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useTimes } from '../parts/times.ts';
import { useSession } from '../shell/session.tsx';
import { CUSTODY } from '../texts/custody.ts';
import { useTexts } from '../texts/language.tsx';
import { AddSealDialog } from './add-seal-dialog.tsx';
import { DataKeyCard } from './data-key-card.tsx';
import { SharesDialog } from './shares-dialog.tsx';

type Seal = PeopleAnswer<'listSeals'>['seals'][number];
type Doing = { readonly what: 'add' | 'shares' } | { readonly what: 'remove'; readonly seal: Seal };

export function SealsSection() {
  const { seals: texts } = useTexts(CUSTODY);
  const { lacking } = useSession();
  const client = useQueryClient();
  const missing = lacking('listSeals');
  const [doing, setDoing] = useState<Doing>();
  const list = useQuery({
    queryKey: ['settings', 'seals'],
    enabled: missing === undefined,
    queryFn: ({ signal }) => call('listSeals', {}, { signal }),
  });
  if (missing !== undefined) return <RightNeeded right={missing} />;
  if (list.error !== null) return <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data === undefined) return null;
  const { seals, warnings } = list.data;
  const done = (): void => {
    setDoing(undefined);
    void client.invalidateQueries({ queryKey: ['settings'] });
  };
  const automatic = seals.some(({ opensByItself }) => opensByItself);
  return (
    <Stack>
      <NoticeList notices={warnings} />
      <div className="card">
        <Title order={3} size="h5">
          {texts.title}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {automatic ? texts.byItself : texts.byPerson}
        </Text>
        <Stack gap="sm" component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
          {seals.map((seal) => (
            <SealRow key={seal.id} seal={seal} onRemove={() => setDoing({ what: 'remove', seal })} />
          ))}
        </Stack>
        <Group mt="md" gap="xs">
          <RightButton call="addSeal" variant="default" onClick={() => setDoing({ what: 'add' })}>
            {texts.add}
          </RightButton>
          <RightButton call="initRecovery" variant="default" onClick={() => setDoing({ what: 'shares' })}>
            {texts.shares}
          </RightButton>
        </Group>
      </div>
      <DataKeyCard />
      {doing?.what === 'add' && <AddSealDialog onDone={done} onClose={() => setDoing(undefined)} />}
      {doing?.what === 'shares' && <SharesDialog onDone={done} />}
      {doing?.what === 'remove' && (
        <ConfirmDialog
          title={texts.removeTitle(texts.kinds[doing.seal.kind])}
          hint={texts.removeHint}
          yes={texts.removeYes}
          work={(options) => call('removeSeal', { id: doing.seal.id }, options)}
          onDone={done}
          onClose={() => setDoing(undefined)}
        />
      )}
    </Stack>
  );
}

function SealRow({ seal, onRemove }: { readonly seal: Seal; readonly onRemove: () => void }) {
  const { seals: texts } = useTexts(CUSTODY);
  const times = useTimes();
  const { kind, createdAt, about, opensByItself } = seal;
  return (
    <Group component="li" justify="space-between" align="start" wrap="nowrap" gap="sm">
      <div style={{ minWidth: 0 }}>
        <Group gap="xs" wrap="nowrap">
          <StateMark state={opensByItself ? 'good' : 'apart'} />
          <Text size="sm" fw={600}>
            {texts.kinds[kind]}
          </Text>
        </Group>
        <Text size="sm" className="long-text" ps={20}>
          <bdi>{about}</bdi>
        </Text>
        <Text size="xs" c="dimmed" ps={20}>
          {[
            opensByItself ? texts.opensByItself : texts.needsPerson,
            ...(createdAt === null ? [] : [texts.since(times.day(createdAt))]),
          ].join(' · ')}
        </Text>
      </div>
      <RightButton
        call="removeSeal"
        variant="subtle"
        color="red"
        size="compact-sm"
        flex="none"
        onClick={onRemove}
        label={`${texts.remove} ${texts.kinds[kind]}`}
      >
        {texts.remove}
      </RightButton>
    </Group>
  );
}
