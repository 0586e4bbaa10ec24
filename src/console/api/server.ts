/** What this server says of itself: its status, as often as a page that shows it wants to know, and its settings. */
import { useQuery } from '@tanstack/react-query';
import { call, callForVersion } from './call.ts';

export function useServerStatus(enabled: boolean) {
  return useQuery({
    queryKey: ['status'],
    enabled,
    queryFn: ({ signal }) => call('serverStatus', {}, { signal }),
    refetchInterval: 10_000,
  });
}

/** With the version that a change is decided on. */
export function useSettings(enabled: boolean) {
  return useQuery({
    queryKey: ['settings'],
    enabled,
    queryFn: ({ signal }) => callForVersion('showSettings', {}, { signal }),
  });
}
