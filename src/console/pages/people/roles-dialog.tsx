/** Gives a person exactly these roles. What somebody else gave meanwhile is shown, and not overwritten unseen. */
import { Button, Group, Modal, MultiSelect, Stack } from '@mantine/core';
import { useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { useSeen } from '../../api/seen.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { ChangedAlert, isChangedMeanwhile } from '../../parts/changed-alert.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { useRoleNames } from './add-person-dialog.tsx';
import { askedLimits, type Limits, limitsFrom, RoleLimits } from './role-limits.tsx';

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
  const seen = useSeen('showPerson', person.id);
  const now = seen.answer?.person ?? person;
  // What nobody entered here follows what others change.
  const [entered, setEntered] = useState<{ readonly roles?: string[]; readonly limits?: Limits }>({});
  const roles = entered.roles ?? [...now.roles];
  const limits = entered.limits ?? limitsFrom(now.limits);
  const { busy, error, run } = useWork();
  const save = (): void =>
    run(async () => {
      await seen.orSeeAgain(() =>
        act((options) =>
          call(
            'setPerson',
            { id: person.id, roles, limits: askedLimits(limits, roles) },
            { ...options, ifMatch: seen.version },
          ),
        ),
      );
      onDone();
    });
  return (
    <Modal opened onClose={onClose} title={person.name} centered>
      <Stack>
        <MultiSelect
          label={texts.roles}
          data={[...new Set([...roleNames, ...now.roles, ...roles])]}
          value={roles}
          onChange={(chosen) => setEntered({ ...entered, roles: chosen })}
          data-autofocus
        />
        <RoleLimits
          roles={roles}
          limits={limits}
          onChange={(chosen) => setEntered({ ...entered, limits: chosen })}
          shown={now.limits}
        />
        <ChangedAlert
          error={error}
          now={now.roles.length === 0 ? texts.hasNoRole : texts.hasNow(rolesInWords(now))}
          stays="entered"
        />
        {seen.error !== null && <ProblemAlert error={seen.error} onRetry={() => void seen.refetch()} />}
        {!isChangedMeanwhile(error) && <ApprovalOrProblem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {cancel}
          </Button>
          <Button loading={busy} disabled={!seen.ready} onClick={save}>
            {texts.save}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Each role, and in brackets where it holds. */
function rolesInWords({
  roles,
  limits,
}: Pick<PeopleAnswer<'listPeople'>['people'][number], 'roles' | 'limits'>): string {
  const words = roles.map((role) => {
    const groups = limits.find((limit) => limit.role === role)?.groups;
    return groups === undefined ? role : `${role} (${groups.map(({ name }) => name).join(', ')})`;
  });
  return words.join(', ');
}
