/** The audit log: its events, and whether they are as they were written. */
import { Alert, Code, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { usePagedList } from '../../api/paged-list.ts';
import { useTypedField } from '../../parts/address-field.ts';
import { useCallers } from '../../parts/callers.ts';
import { DetailsDrawer } from '../../parts/details-drawer.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { NoticeLine } from '../../parts/notice-list.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { Time } from '../../parts/time.tsx';
import { useTimes } from '../../parts/times.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { SHELL } from '../../texts/shell.ts';

type Event = PeopleAnswer<'listAudit'>['events'][number];

export function AuditPage() {
  const { audit: texts } = useTexts(LISTS);
  const { pages } = useTexts(SHELL);
  const times = useTimes();
  const callers = useCallers();
  const find = useTypedField('find');
  const [opened, setOpened] = useState<Event>();
  const filter = find.settled === '' ? {} : { find: find.settled };
  const list = usePagedList(
    ['audit', filter],
    (after, signal) => call('listAudit', { ...filter, ...after, limit: 100 }, { signal }),
    (page) => page.events,
  );
  const verified = useMutation({ mutationFn: () => call('verifyAudit', {}) });
  const looked = list.lastPage?.events.at(-1)?.number;
  return (
    <Page
      title={pages.audit}
      hint={texts.hint}
      actions={
        <RightButton
          call="verifyAudit"
          variant="default"
          loading={verified.isPending}
          onClick={() => verified.mutate()}
        >
          {texts.verify}
        </RightButton>
      }
    >
      {verified.error !== null && <ProblemAlert error={verified.error} />}
      {verified.data !== undefined && (
        <Alert
          role="status"
          color={verified.data.ok ? 'green' : 'red'}
          variant="light"
          title={verified.data.ok ? texts.fine(times.number(verified.data.size)) : texts.broken}
        >
          {verified.data.problems.map((problem) => (
            <NoticeLine key={problem.sentence} notice={problem} />
          ))}
        </Alert>
      )}
      <TextInput
        type="search"
        label={texts.find}
        value={find.typed}
        onChange={(event) => find.type(event.currentTarget.value)}
        maw="24rem"
      />
      <ListTable
        {...list.shown}
        name={pages.audit}
        idOf={({ number }) => String(number)}
        onOpen={setOpened}
        empty={texts.none}
        note={looked == null ? undefined : texts.looked(times.number(looked))}
        columns={[
          { key: 'event', label: texts.event, show: ({ event }) => event },
          { key: 'by', label: texts.by, show: ({ by }) => <bdi className="long-text">{callers(by)}</bdi> },
          { key: 'at', label: texts.time, show: ({ at }) => <Time at={at} never="" detailed /> },
          { key: 'number', label: texts.number, show: ({ number }) => times.number(number), wide: true },
        ]}
      />
      <DetailsDrawer title={opened?.event} opened={opened !== undefined} onClose={() => setOpened(undefined)}>
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {opened?.line.replaceAll(',"', ',\n"')}
        </Code>
      </DetailsDrawer>
    </Page>
  );
}
