/** The status of this server, as often as a page that shows it wants to know. */
import { useQuery } from '@tanstack/react-query';
import { call } from './call.ts';

export function useServerStatus(enabled: boolean) {
  return useQuery({
    queryKey: ['status'],
    enabled,
    queryFn: ({ signal }) => call('serverStatus', {}, { signal }),
    refetchInterval: 10_000,
  });
}
