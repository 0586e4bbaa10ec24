/** People and service accounts: who they are, which roles they have, adding, changing and removing them. */
import { Button, Group, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { usePagedList } from '../../api/paged-list.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { DANGEROUS, RowMenu } from '../../parts/row-menu.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { SHELL } from '../../texts/shell.ts';
import { AddPersonDialog, WayInDialog } from './add-person-dialog.tsx';
import { RolesDialog } from './roles-dialog.tsx';

type Person = PeopleAnswer<'listPeople'>['people'][number];
/** Each role, and in brackets the groups to which it is limited. */
function rolesInWords({ roles, limits }: Person): string {
  const words = roles.map((role) => {
    const groups = limits.find((limit) => limit.role === role)?.groups;
    return groups === undefined ? role : `${role} (${groups.map(({ name }) => name).join(', ')})`;
  });
  return words.join(', ');
}

type Doing =
  | { readonly what: 'add' }
  | { readonly what: 'roles' | 'reset' | 'remove'; readonly person: Person }
  | { readonly what: 'way-in'; readonly way: PeopleAnswer<'resetPerson'> };

export function PeoplePage() {
  const { people: texts, devices } = useTexts(LISTS);
  const { pages, common } = useTexts(SHELL);
  const client = useQueryClient();
  const { lacking } = useSession();
  const [doing, setDoing] = useState<Doing>();
  const list = usePagedList(
    ['people'],
    (after, signal) => call('listPeople', { ...after, limit: 100 }, { signal }),
    (page) => page.people,
  );
  const mayChange = lacking('setPerson') === undefined;
  const done = (next?: Doing): void => {
    setDoing(next);
    void client.invalidateQueries({ queryKey: ['people'] });
  };
  return (
    <Page
      title={pages.people}
      hint={texts.hint}
      actions={
        <Group gap="xs">
          <Button component={Link} to="/roles" variant="default">
            {texts.roles}
          </Button>
          <RightButton call="addPerson" onClick={() => setDoing({ what: 'add' })}>
            {texts.add}
          </RightButton>
        </Group>
      }
    >
      <ListTable
        {...list.shown}
        name={pages.people}
        idOf={({ id }) => id}
        empty={texts.none}
        columns={[
          {
            key: 'name',
            label: texts.name,
            show: ({ name, service }) => (
              <>
                <bdi>{name}</bdi>
                {service && ` (${texts.service})`}
              </>
            ),
          },
          { key: 'roles', label: texts.roles, show: (person) => <bdi>{rolesInWords(person)}</bdi> },
          {
            key: 'seen',
            label: texts.seen,
            show: ({ lastSeenAt }) => <Time at={lastSeenAt} never={devices.never} />,
            wide: true,
          },
          {
            key: 'acts',
            label: common.acts,
            hidden: true,
            show: (person) => (
              <RowMenu name={person.name}>
                <Menu.Item disabled={!mayChange} onClick={() => setDoing({ what: 'roles', person })}>
                  {texts.change}
                </Menu.Item>
                <Menu.Item disabled={!mayChange} onClick={() => setDoing({ what: 'reset', person })}>
                  {texts.reset}
                </Menu.Item>
                <Menu.Item
                  c={DANGEROUS}
                  disabled={!mayChange}
                  onClick={() => setDoing({ what: 'remove', person })}
                >
                  {texts.remove}
                </Menu.Item>
              </RowMenu>
            ),
          },
        ]}
      />
      {doing?.what === 'add' && (
        <AddPersonDialog
          onAdded={(way) => done({ what: 'way-in', way })}
          onClose={() => setDoing(undefined)}
        />
      )}
      {doing?.what === 'way-in' && <WayInDialog way={doing.way} onClose={() => setDoing(undefined)} />}
      {doing?.what === 'roles' && (
        <RolesDialog person={doing.person} onDone={() => done()} onClose={() => setDoing(undefined)} />
      )}
      {doing?.what === 'remove' && (
        <ConfirmDialog
          title={devices.removeTitle(doing.person.name)}
          hint={texts.removeHint}
          yes={texts.remove.replace('…', '')}
          work={(options) => call('removePerson', { id: doing.person.id }, options)}
          onDone={() => done()}
          onClose={() => setDoing(undefined)}
        />
      )}
      {doing?.what === 'reset' && (
        <ConfirmDialog
          title={doing.person.name}
          hint={texts.resetHint}
          yes={texts.reset.replace('…', '')}
          work={(options) => call('resetPerson', { id: doing.person.id }, options)}
          onDone={(way) => done({ what: 'way-in', way })}
          onClose={() => setDoing(undefined)}
        />
      )}
    </Page>
  );
}
