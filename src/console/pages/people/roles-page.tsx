/** The roles of this server: what each gives, who has it, and roles of one's own. */
import { Button, Group, Menu } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../../api/call.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { DANGEROUS, RowMenu } from '../../parts/row-menu.tsx';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { ROLES } from '../../texts/roles.ts';
import { rolesQuery } from './roles-query.ts';
import { holdersOf, useEverybody } from './everybody.ts';
import { type Role, RoleDialog } from './role-dialog.tsx';

/** A cell names these, and counts the rest. */
const NAMED_MAX = 3;

type Doing = { readonly what: 'add' } | { readonly what: 'edit' | 'remove'; readonly role: Role };

export function RolesPage() {
  const texts = useTexts(ROLES);
  const client = useQueryClient();
  const times = useTimes();
  const { lacking } = useSession();
  const roles = useQuery(rolesQuery);
  const everybody = useEverybody();
  const [doing, setDoing] = useState<Doing>();
  const holders = (role: Role): readonly string[] => holdersOf(role.name, everybody.data ?? []);
  const done = (): void => {
    setDoing(undefined);
    void client.invalidateQueries({ queryKey: ['roles'] });
  };
  const mayChange = lacking('setRole') === undefined;
  return (
    <Page
      title={texts.title}
      hint={texts.hint}
      actions={
        <Group gap="xs">
          <Button component={Link} to="/people" variant="default">
            {texts.toPeople}
          </Button>
          <RightButton call="addRole" onClick={() => setDoing({ what: 'add' })}>
            {texts.add}
          </RightButton>
        </Group>
      }
    >
      <ListTable
        name={texts.title}
        rows={roles.data?.roles ?? []}
        idOf={({ name }) => name}
        onOpen={(role) => setDoing({ what: 'edit', role })}
        empty={texts.noneYet}
        loading={roles.isLoading}
        error={roles.error}
        onRetry={() => void roles.refetch()}
        columns={[
          { key: 'name', label: texts.name, show: ({ name }) => <bdi>{name}</bdi> },
          {
            key: 'kind',
            label: texts.kind,
            show: ({ builtIn }) => (builtIn ? texts.builtIn : texts.own),
            wide: true,
          },
          {
            key: 'rights',
            label: texts.rights,
            show: ({ rights }) => times.number(rights.length),
            wide: true,
          },
          {
            key: 'holders',
            label: texts.holders,
            show: (role) => {
              if (everybody.data === undefined) return '';
              const names = holders(role);
              const more = names.length - NAMED_MAX;
              return (
                <bdi>
                  {names.length === 0
                    ? texts.nobody
                    : [
                        ...names.slice(0, NAMED_MAX),
                        ...(more > 0 ? [texts.more(times.number(more))] : []),
                      ].join(', ')}
                </bdi>
              );
            },
          },
          {
            key: 'acts',
            label: texts.rights,
            hidden: true,
            show: (role) => (
              <RowMenu name={role.name}>
                <Menu.Item onClick={() => setDoing({ what: 'edit', role })}>
                  {role.builtIn || !mayChange ? texts.show : texts.edit}
                </Menu.Item>
                {!role.builtIn && (
                  <Menu.Item
                    c={DANGEROUS}
                    disabled={!mayChange}
                    onClick={() => setDoing({ what: 'remove', role })}
                  >
                    {texts.remove}
                  </Menu.Item>
                )}
              </RowMenu>
            ),
          },
        ]}
      />
      {doing !== undefined && doing.what !== 'remove' && (
        <RoleDialog
          role={doing.what === 'edit' ? doing.role : undefined}
          holders={doing.what === 'edit' ? holders(doing.role).length : 0}
          onDone={done}
          onClose={() => setDoing(undefined)}
        />
      )}
      {doing?.what === 'remove' && (
        <ConfirmDialog
          title={texts.removeTitle(doing.role.name)}
          hint={texts.removeHint}
          yes={texts.removeYes}
          work={(options) => call('removeRole', { id: doing.role.name }, options)}
          onDone={done}
          onClose={() => setDoing(undefined)}
        />
      )}
    </Page>
  );
}
