/** One look at the whole: figures, what needs somebody, and the tree with the state of every link. */
import { Alert, SimpleGrid, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { placedServers, useHierarchy } from '../../api/hierarchy.ts';
import { useServerStatus } from '../../api/server.ts';
import { ConsoleLink } from '../../parts/console-link.tsx';
import { Waiting } from '../../parts/later.tsx';
import { NoticeList } from '../../parts/notice-list.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { OVERVIEW } from '../../texts/overview.ts';
import { SHELL } from '../../texts/shell.ts';
import { InviteBranchDialog } from './invite-branch-dialog.tsx';
import { OverdueBackups, useKnownBackups } from './overdue-backups.tsx';
import { ServerList } from './server-list.tsx';
import { TreePicture } from './tree-picture.tsx';

/** A picture of more is no longer looked at, but searched: the list does that. */
const DRAWN_MAX = 40;

export function OverviewPage() {
  const texts = useTexts(OVERVIEW);
  const { pages, rights } = useTexts(SHELL);
  const times = useTimes();
  const { me, lacking } = useSession();
  const [inviting, setInviting] = useState(false);
  const hierarchy = useHierarchy(lacking('showHierarchy') === undefined);
  const status = useServerStatus(lacking('serverStatus') === undefined);
  const missing = (['serverStatus', 'showHierarchy'] as const).flatMap((name) => lacking(name) ?? []);
  const servers = useMemo(
    () => (hierarchy.data === undefined ? [] : placedServers(hierarchy.data)),
    [hierarchy.data],
  );
  const primary = hierarchy.data?.primary;
  // All of it at once: what came first would be pushed down by what comes next.
  const backups = useKnownBackups();
  const settling = status.isLoading || hierarchy.isLoading || backups.isLoading;
  const waiting = servers.reduce((sum, { server }) => sum + (server.waiting ?? 0), 0);
  const shown = (
    <>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {status.data !== undefined && (
          <>
            <Figure label={texts.keys} value={times.number(status.data.keys)} />
            <Figure label={texts.devices} value={times.number(status.data.devices)} />
          </>
        )}
        {hierarchy.data !== undefined && (
          <Figure
            label={texts.waiting}
            value={times.number(waiting)}
            note={waiting === 0 ? texts.waitingNone : undefined}
          />
        )}
      </SimpleGrid>
      {(status.error ?? hierarchy.error) !== null && (
        <ProblemAlert
          error={status.error ?? hierarchy.error}
          onRetry={() => void Promise.all([status.refetch(), hierarchy.refetch()])}
        />
      )}
      {missing.length > 0 && (
        <Alert color="gray" variant="light" title={texts.notShown}>
          {missing.map(({ area, right }) => (
            <Text key={area} size="sm">
              {rights.lacking(area, right)}
            </Text>
          ))}
          <Text size="sm">{rights.ask}</Text>
        </Alert>
      )}
      <NoticeList title={texts.attention} notices={status.data?.warnings ?? []} />
      <OverdueBackups />
      {hierarchy.data !== undefined && servers.length === 1 && hierarchy.data.primary === null && (
        <Text c="dimmed">{texts.alone}</Text>
      )}
      {hierarchy.data !== undefined && (servers.length > 1 || hierarchy.data.primary !== null) && (
        <>
          {servers.length <= DRAWN_MAX && (
            <div className="card">
              <TreePicture hierarchy={hierarchy.data} name={texts.tree} />
            </div>
          )}
          {primary?.console !== undefined && <ConsoleLink name={primary.name} address={primary.console} />}
          <ServerList servers={servers} />
        </>
      )}
    </>
  );
  return (
    <Page
      title={pages.overview}
      hint={texts.hint(me.server.name)}
      actions={
        <RightButton call="inviteSecondary" onClick={() => setInviting(true)}>
          {texts.inviteBranch}
        </RightButton>
      }
    >
      {settling ? <Waiting /> : shown}
      {inviting && <InviteBranchDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}

function Figure({
  label,
  value,
  note,
}: {
  readonly label: string;
  readonly value: string;
  readonly note?: string | undefined;
}) {
  return (
    <div className="card">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz={28} fw={650} lh={1.2}>
        {value}
      </Text>
      {note !== undefined && (
        <Text size="sm" c="dimmed">
          {note}
        </Text>
      )}
    </div>
  );
}
