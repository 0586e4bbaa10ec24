/** The managed devices, and the invitation of another one. */
import { Button, Group, Menu, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { usePagedList } from '../../api/paged-list.ts';
import { useAddressField, useTypedField } from '../../parts/address-field.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { GroupSelect } from '../../parts/group-select.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { DANGEROUS, RowMenu } from '../../parts/row-menu.tsx';
import { Time } from '../../parts/time.tsx';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { DRIVES } from '../../texts/drives.ts';
import { GROUPS } from '../../texts/groups.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { SHELL } from '../../texts/shell.ts';
import { DeviceDetails } from './device-details.tsx';
import { DriveWords } from './drive-words.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { MoveDialog } from './move-dialog.tsx';

type Device = PeopleAnswer<'listDevices'>['devices'][number];

export function DevicesPage() {
  const { devices: texts } = useTexts(LISTS);
  const groupTexts = useTexts(GROUPS);
  const driveTexts = useTexts(DRIVES);
  const { pages, common } = useTexts(SHELL);
  const times = useTimes();
  const client = useQueryClient();
  const { lacking } = useSession();
  const find = useTypedField('find');
  const [group, setGroup] = useAddressField('group');
  const [opened, setOpened] = useState<string>();
  const [inviting, setInviting] = useState(false);
  const [moving, setMoving] = useState<Device>();
  const [removing, setRemoving] = useState<Device>();
  const filter = {
    ...(find.settled === '' ? {} : { find: find.settled }),
    ...(group === '' ? {} : { group }),
  };
  const list = usePagedList(
    ['devices', filter],
    (after, signal) => call('listDevices', { ...filter, ...after, limit: 100 }, { signal }),
    (page) => page.devices,
  );
  return (
    <Page
      title={pages.devices}
      hint={texts.hint}
      actions={
        <Group gap="xs">
          <Button component={Link} to="/groups" variant="default">
            {groupTexts.toGroups}
          </Button>
          <RightButton call="inviteDevice" onClick={() => setInviting(true)}>
            {texts.invite}
          </RightButton>
        </Group>
      }
    >
      <Group align="end">
        <TextInput
          type="search"
          label={texts.find}
          value={find.typed}
          onChange={(event) => find.type(event.currentTarget.value)}
          w="16rem"
        />
        <GroupSelect label={groupTexts.group} value={group} onChange={setGroup} all={groupTexts.all} />
      </Group>
      <ListTable
        {...list.shown}
        name={pages.devices}
        idOf={({ id }) => id}
        onOpen={({ id }) => setOpened(id)}
        empty={Object.keys(filter).length === 0 ? texts.noneYet : texts.none}
        columns={[
          { key: 'name', label: texts.name, show: ({ name }) => <bdi>{name}</bdi> },
          {
            key: 'group',
            label: groupTexts.group,
            show: (device) => <bdi>{device.group.name}</bdi>,
            wide: true,
          },
          { key: 'keys', label: texts.keys, show: ({ keys }) => times.number(keys) },
          { key: 'drives', label: driveTexts.drives, show: ({ drives }) => <DriveWords told={drives} /> },
          {
            key: 'state',
            label: texts.state,
            show: ({ state, movedTo }) =>
              movedTo === undefined ? texts.states[state] : texts.movedTo(movedTo.name),
            wide: true,
          },
          {
            key: 'heard',
            label: texts.heard,
            show: ({ lastHeartbeatAt }) => <Time at={lastHeartbeatAt} never={texts.never} />,
            wide: true,
          },
          {
            key: 'acts',
            label: common.acts,
            hidden: true,
            show: (device) => (
              <RowMenu name={device.name}>
                <Menu.Item component={Link} to={`/keys?device=${device.id}`}>
                  {texts.showKeys}
                </Menu.Item>
                <Menu.Item disabled={lacking('setDevice') !== undefined} onClick={() => setMoving(device)}>
                  {groupTexts.moveDevice}
                </Menu.Item>
                <Menu.Item
                  c={DANGEROUS}
                  disabled={lacking('removeDevice') !== undefined}
                  onClick={() => setRemoving(device)}
                >
                  {texts.remove}
                </Menu.Item>
              </RowMenu>
            ),
          },
        ]}
      />
      <DeviceDetails id={opened} onClose={() => setOpened(undefined)} />
      {inviting && <InviteDialog group={group} onClose={() => setInviting(false)} />}
      {moving !== undefined && (
        <MoveDialog
          device={moving}
          onDone={() => {
            setMoving(undefined);
            void client.invalidateQueries({ queryKey: ['devices'] });
            void client.invalidateQueries({ queryKey: ['groups'] });
          }}
          onClose={() => setMoving(undefined)}
        />
      )}
      {removing !== undefined && (
        <ConfirmDialog
          title={texts.removeTitle(removing.name)}
          hint={texts.removeHint(times.number(removing.keys))}
          yes={texts.removeYes}
          work={() => call('removeDevice', { id: removing.id })}
          onDone={() => {
            setRemoving(undefined);
            void client.invalidateQueries({ queryKey: ['devices'] });
          }}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Page>
  );
}
