/** The groups of devices that somebody may see, in the order of the tree. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { useSession } from '../shell/session.tsx';
import { call } from './call.ts';

export type ListedGroup = PeopleAnswer<'listGroups'>['groups'][number];

const groupsQuery = queryOptions({
  queryKey: ['groups'],
  queryFn: ({ signal }) => call('listGroups', {}, { signal }),
});

export function useGroups() {
  const { lacking } = useSession();
  return useQuery({ ...groupsQuery, enabled: lacking('listGroups') === undefined });
}

export function depthOf(groups: readonly ListedGroup[], { above }: ListedGroup): number {
  const one = groups.find(({ id }) => id === above);
  return one === undefined ? 0 : 1 + depthOf(groups, one);
}

/** Each by its way from the first group: two may have one name. */
export function groupChoices(groups: readonly ListedGroup[]): { value: string; label: string }[] {
  const wayOf = (group: ListedGroup): string => {
    const above = groups.find(({ id }) => id === group.above);
    // The root is above all, and has the server's name.
    return above === undefined || above.above === null ? group.name : `${wayOf(above)} / ${group.name}`;
  };
  return groups.map((group) => ({ value: group.id, label: wayOf(group) }));
}
