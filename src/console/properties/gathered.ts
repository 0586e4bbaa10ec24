/** What an export will hold, looked up page by page before it is asked for. */
import { useQuery } from '@tanstack/react-query';
import { call } from '../api/call.ts';

/** As many devices as one export names, and as many keys as are counted. */
export const GATHERED_MAX = 1000;
const PAGE = 500;

export interface Gathered {
  readonly ids: readonly string[];
  /** There are more than were gathered. */
  readonly more: boolean;
}

interface Page {
  readonly ids: readonly string[];
  readonly next: string | null;
}

async function gather(fetchPage: (after: { readonly after?: string }) => Promise<Page>): Promise<Gathered> {
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const page = await fetchPage(after === null ? {} : { after });
    ids.push(...page.ids);
    after = page.next;
  } while (after !== null && ids.length <= GATHERED_MAX);
  return { ids: ids.slice(0, GATHERED_MAX), more: ids.length > GATHERED_MAX };
}

/** @param mayList whether the person may search the list of keys. */
export function useFoundKeys(find: string, mayList: boolean) {
  return useQuery({
    queryKey: ['keys', 'found', find],
    enabled: find !== '' && mayList,
    queryFn: ({ signal }) =>
      gather(async (after) => {
        const { keys, next } = await call('listKeys', { find, ...after, limit: PAGE }, { signal });
        return { ids: keys.map(({ id }) => id), next };
      }),
  });
}

/** The devices of a group and of those in it. @param group undefined while none is chosen. */
export function useGroupDevices(group: string | undefined) {
  return useQuery({
    queryKey: ['devices', 'group', group],
    enabled: group !== undefined,
    queryFn: ({ signal }) =>
      gather(async (after) => {
        const request = { group: group!, ...after, limit: PAGE };
        const { devices, next } = await call('listDevices', request, { signal });
        return { ids: devices.map(({ id }) => id), next };
      }),
  });
}
