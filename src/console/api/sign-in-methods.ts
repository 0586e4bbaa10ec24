/** How people can sign in at this server. */
import { useQuery } from '@tanstack/react-query';
import { open } from './call.ts';

export function useSignInMethods() {
  return useQuery({
    queryKey: ['sign-in-methods'],
    queryFn: ({ signal }) => open('signInMethods', {}, { signal }),
  });
}
