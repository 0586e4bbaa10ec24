/** The groups of devices: a tree, shown as a list in which each group stands below the one that it is in. */
import { Button, Group, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../../api/call.ts';
import { depthOf, type ListedGroup, useGroups } from '../../api/groups.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { RightNeeded } from '../../parts/right-needed.tsx';
import { DANGEROUS, RowMenu } from '../../parts/row-menu.tsx';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { GROUPS } from '../../texts/groups.ts';
import { useTexts } from '../../texts/language.tsx';
import { SHELL } from '../../texts/shell.ts';
import { GroupDialog } from './group-dialog.tsx';

type Doing =
  | { readonly what: 'add'; readonly above: string | undefined }
  | { readonly what: 'change' | 'remove'; readonly group: ListedGroup };

/** How much further in each level of the tree stands. */
const LEVEL_REM = 1.25;

export function GroupsPage() {
  const texts = useTexts(GROUPS);
  const { common } = useTexts(SHELL);
  const times = useTimes();
  const client = useQueryClient();
  const { lacking } = useSession();
  const list = useGroups();
  const [doing, setDoing] = useState<Doing>();
  const groups = list.data?.groups ?? [];
  const missing = lacking('listGroups');
  const mayChange = lacking('setGroup') === undefined;
  const done = (): void => {
    setDoing(undefined);
    void client.invalidateQueries({ queryKey: ['groups'] });
    void client.invalidateQueries({ queryKey: ['devices'] });
  };
  return (
    <Page
      title={texts.title}
      hint={texts.hint}
      actions={
        <Group gap="xs">
          <Button component={Link} to="/devices" variant="default">
            {texts.toDevices}
          </Button>
          <RightButton call="addGroup" onClick={() => setDoing({ what: 'add', above: undefined })}>
            {texts.add}
          </RightButton>
        </Group>
      }
    >
      {missing !== undefined ? (
        <RightNeeded right={missing} />
      ) : (
        <ListTable
          name={texts.title}
          rows={groups}
          idOf={({ id }) => id}
          empty={texts.none}
          loading={list.isLoading}
          error={list.error}
          onRetry={() => void list.refetch()}
          columns={[
            {
              key: 'name',
              label: texts.name,
              show: (group) => (
                <bdi
                  style={{
                    display: 'inline-block',
                    paddingInlineStart: `${depthOf(groups, group) * LEVEL_REM}rem`,
                  }}
                >
                  {group.name}
                </bdi>
              ),
            },
            { key: 'devices', label: texts.devices, show: ({ devices }) => times.number(devices) },
            {
              key: 'acts',
              label: common.acts,
              hidden: true,
              show: (group) => (
                <RowMenu name={group.name}>
                  <Menu.Item component={Link} to={`/devices?group=${group.id}`}>
                    {texts.showDevices}
                  </Menu.Item>
                  <Menu.Item component={Link} to={`/policy?group=${group.id}`}>
                    {texts.showPolicy}
                  </Menu.Item>
                  <Menu.Item
                    disabled={lacking('addGroup') !== undefined}
                    onClick={() => setDoing({ what: 'add', above: group.id })}
                  >
                    {texts.addBelow}
                  </Menu.Item>
                  {/* The root stays, and the first group of whoever is limited is another's to change. */}
                  {group.above !== null && (
                    <>
                      <Menu.Item disabled={!mayChange} onClick={() => setDoing({ what: 'change', group })}>
                        {texts.change}
                      </Menu.Item>
                      <Menu.Item
                        c={DANGEROUS}
                        disabled={!mayChange}
                        onClick={() => setDoing({ what: 'remove', group })}
                      >
                        {texts.remove}
                      </Menu.Item>
                    </>
                  )}
                </RowMenu>
              ),
            },
          ]}
        />
      )}
      {doing?.what === 'add' && (
        <GroupDialog above={doing.above} onDone={done} onClose={() => setDoing(undefined)} />
      )}
      {doing?.what === 'change' && (
        <GroupDialog group={doing.group} onDone={done} onClose={() => setDoing(undefined)} />
      )}
      {doing?.what === 'remove' && (
        <RemoveGroup
          group={doing.group}
          below={groups.filter(({ above }) => above === doing.group.id).length}
          onDone={done}
          onClose={() => setDoing(undefined)}
        />
      )}
    </Page>
  );
}

function RemoveGroup({
  group,
  below,
  onDone,
  onClose,
}: {
  readonly group: ListedGroup;
  /** Groups that are in it. */
  readonly below: number;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const texts = useTexts(GROUPS);
  const times = useTimes();
  const isEmpty = group.devices + below === 0;
  return (
    <ConfirmDialog
      title={texts.removeTitle(group.name)}
      hint={isEmpty ? texts.removeEmpty : texts.removeFull(times.number(group.devices), times.number(below))}
      yes={texts.removeYes}
      // What came into it since it was shown as empty is not moved unseen.
      work={() => call('removeGroup', { id: group.id, contents: isEmpty ? 'refuse' : 'move-up' })}
      onDone={onDone}
      onClose={onClose}
    />
  );
}
