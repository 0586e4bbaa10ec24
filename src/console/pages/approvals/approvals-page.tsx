/** Requests for approval, from both sides: what is asked of me, and what I asked for. */
import { useSearchParams } from 'react-router';
import { call } from '../../api/call.ts';
import { usePagedList } from '../../api/paged-list.ts';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { SHELL } from '../../texts/shell.ts';
import { ApprovalDetails } from './approval-details.tsx';

export function ApprovalsPage() {
  const { approvals: texts } = useTexts(LISTS);
  const { pages } = useTexts(SHELL);
  const [search, setSearch] = useSearchParams();
  const list = usePagedList(
    ['approvals'],
    (after, signal) => call('listApprovals', { ...after, limit: 100 }, { signal }),
    (page) => page.approvals,
    15_000,
  );
  const open = (id: string | undefined): void =>
    setSearch((now) => {
      if (id === undefined) now.delete('approval');
      else now.set('approval', id);
      return now;
    });
  return (
    <Page title={pages.approvals} hint={texts.hint}>
      <ListTable
        {...list.shown}
        name={pages.approvals}
        idOf={({ id }) => id}
        onOpen={({ id }) => open(id)}
        empty={texts.none}
        columns={[
          { key: 'act', label: texts.act, show: ({ act }) => texts.acts[act] },
          { key: 'by', label: texts.by, show: ({ by }) => <bdi>{by.name}</bdi> },
          { key: 'reason', label: texts.reason, show: ({ reason }) => <bdi>{reason}</bdi>, wide: true },
          {
            key: 'state',
            label: texts.state,
            show: ({ state, emergency }) =>
              emergency === null ? texts.states[state] : `${texts.states[state]} · ${texts.emergency}`,
          },
          {
            key: 'until',
            label: texts.until,
            show: ({ expiresAt }) => <Time at={expiresAt} never="" detailed />,
            wide: true,
          },
        ]}
      />
      <ApprovalDetails id={search.get('approval') ?? undefined} onClose={() => open(undefined)} />
    </Page>
  );
}
