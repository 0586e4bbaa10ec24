/** The groups to which each role of somebody is limited: one choice a role, everywhere where nothing is chosen. */
import { MultiSelect, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { groupChoices, useGroups } from '../../api/groups.ts';
import { GROUPS } from '../../texts/groups.ts';
import { useTexts } from '../../texts/language.tsx';
import { rolesQuery } from './roles-query.ts';

/** Ids of groups, by the name of the role. */
export type Limits = Readonly<Record<string, readonly string[]>>;
type ShownLimits = PeopleAnswer<'listPeople'>['people'][number]['limits'];

const LIMITABLE: ReadonlySet<string> = new Set([
  'Managed devices',
  'Key register',
  'Encryption key management',
  'Key reveal',
]);

export function limitsFrom(shown: ShownLimits): Limits {
  return Object.fromEntries(shown.map(({ role, groups }) => [role, groups.map(({ id }) => id)]));
}

/** For the call: of these roles alone. */
export function askedLimits(limits: Limits, roles: readonly string[]): { role: string; groups: string[] }[] {
  return roles.flatMap((role) => {
    const groups = limits[role] ?? [];
    return groups.length === 0 ? [] : [{ role, groups: [...groups] }];
  });
}

export function RoleLimits({
  roles,
  limits,
  onChange,
  shown = [],
}: {
  readonly roles: readonly string[];
  readonly limits: Limits;
  readonly onChange: (limits: Limits) => void;
  /** As they were, with the names of groups that this person may not see. */
  readonly shown?: ShownLimits;
}) {
  const texts = useTexts(GROUPS);
  const all = useQuery(rolesQuery).data?.roles ?? [];
  const groups = useGroups().data?.groups ?? [];
  const choices = groupChoices(groups);
  for (const { id, name } of shown.flatMap((limit) => limit.groups))
    if (!choices.some(({ value }) => value === id)) choices.push({ value: id, label: name });
  const limitable = roles.filter((role) =>
    all.find(({ name }) => name === role)?.rights.some(({ area }) => LIMITABLE.has(area)),
  );
  // Where there is only the root there is nothing to choose.
  if (choices.length < 2 || limitable.length === 0) return null;
  return (
    <>
      {limitable.map((role) => (
        <MultiSelect
          key={role}
          label={texts.where(role)}
          placeholder={(limits[role] ?? []).length === 0 ? texts.everywhere : ''}
          data={choices}
          value={[...(limits[role] ?? [])]}
          onChange={(chosen) => onChange({ ...limits, [role]: chosen })}
          searchable
          clearable
        />
      ))}
      <Text size="xs" c="dimmed">
        {texts.limitHint}
      </Text>
    </>
  );
}
