/** Who is signed in, and what they may do. */
import { type QueryClient, useQuery } from '@tanstack/react-query';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from './call.ts';
import { codeOf } from './problem.ts';

export type Me = PeopleAnswer<'whoAmI'>;

const ME = ['me'] as const;
const RETRY_MS = 2000;

/** While there is no answer it is asked again without end: it is how the page knows that the server is back. */
export function useMe() {
  return useQuery({
    queryKey: ME,
    queryFn: ({ signal }) => call('whoAmI', {}, { signal }),
    retry: (_failures, error) => codeOf(error) === 'unreachable',
    retryDelay: RETRY_MS,
    staleTime: 60_000,
  });
}

export function isMe(queryKey: readonly unknown[]): boolean {
  return queryKey[0] === ME[0];
}

/** Something found no answer, or an ended session: asked at once, unless it is being asked. */
export function askMe(client: QueryClient): void {
  void client.refetchQueries({ queryKey: ME }, { cancelRefetch: false });
}
