/** Gives a person exactly these roles. */
import { Button, Group, Modal, MultiSelect, Stack } from '@mantine/core';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { useRoleNames } from './add-person-dialog.tsx';
import { askedLimits, limitsFrom, RoleLimits } from './role-limits.tsx';

export function RolesDialog({
  person,
  onDone,
  onClose,
}: {
  readonly person: PeopleAnswer<'listPeople'>['people'][number];
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { people: texts, cancel } = useTexts(LISTS);
  const { act } = useSession();
  const roleNames = useRoleNames();
  const [roles, setRoles] = useState([...person.roles]);
  const [limits, setLimits] = useState(limitsFrom(person.limits));
  const { busy, error, run } = useWork();
  const save = (): void =>
    run(async () => {
      await act((options) =>
        call('setPerson', { id: person.id, roles, limits: askedLimits(limits, roles) }, options),
      );
      onDone();
    });
  return (
    <Modal opened onClose={onClose} title={person.name} centered>
      <Stack>
        <MultiSelect
          label={texts.roles}
          data={[...new Set([...roleNames, ...person.roles])]}
          value={roles}
          onChange={setRoles}
          data-autofocus
        />
        <RoleLimits roles={roles} limits={limits} onChange={setLimits} shown={person.limits} />
        <ApprovalOrProblem error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {cancel}
          </Button>
          <Button loading={busy} onClick={save}>
            {texts.save}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
