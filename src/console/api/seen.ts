/**
 * What somebody edits, with the version that their change is decided on: read once when the editing begins, and again
 * only after a refusal. Not what a list showed, and not what others change meanwhile.
 */
import { useQuery } from '@tanstack/react-query';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { callForVersion } from './call.ts';
import { codeOf } from './problem.ts';

/** @param id undefined for something new. */
export function useSeen<N extends 'showGroup' | 'showPerson' | 'showPolicy' | 'showRole'>(
  name: N,
  id: string | undefined,
) {
  const seen = useQuery({
    queryKey: ['seen', name, id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => callForVersion(name, { id } as PeopleRequest<N>, { signal }),
    gcTime: 0,
    staleTime: 'static',
  });
  return {
    answer: seen.data?.answer,
    version: seen.data?.version,
    error: seen.error,
    /** A change can be decided on it. */
    ready: id === undefined || seen.isSuccess,
    refetch: seen.refetch,
    /** Makes the change. Where somebody else was first, what they made of it is read before the refusal is shown. */
    orSeeAgain: async (change: () => Promise<unknown>): Promise<void> => {
      try {
        await change();
      } catch (failure) {
        if (codeOf(failure) === 'changed-meanwhile') await seen.refetch();
        throw failure;
      }
    },
  };
}
