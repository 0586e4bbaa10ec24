/**
 * Keeps what is shown true: the server says that something changed, and what is on the screen is asked for again.
 *
 * A browser opens six connections to a server, and a stream takes one for as long as it lasts. So one tab listens for
 * all tabs of this browser, and tells the others; when it is closed, another takes its place.
 */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { addressOf } from '../api/call.ts';
import { askMe } from '../api/me.ts';

const NAME = 'keystair-changes';
/** What to ask for again, by what changed. */
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  keys: ['keys', 'status', 'hierarchy'],
  hierarchy: ['hierarchy', 'status'],
  devices: ['devices', 'groups', 'status'],
  settings: ['settings', 'status', 'hierarchy', 'backups'],
  approvals: ['approvals', 'approval'],
  people: ['people', 'roles', 'me'],
  jobs: ['jobs'],
  audit: ['audit'],
};
/** The stream broke: not a change, but a reason to look whether the server and the session are still there. */
const LOST = 'lost';
/** A browser opens a stream again by itself, but not one that the server refused. */
const REFUSED_RETRY_MS = 3000;
/** A list that somebody has read so far down is not read again from its beginning at each change. */
const PAGES_REFRESHED_MAX = 5;
/** Several changes in one moment are one look. */
const PAUSE_MS = 400;

function refresh(client: QueryClient, kinds: ReadonlySet<string>): void {
  if (kinds.has(LOST)) askMe(client);
  if (kinds.has('reload')) {
    void client.invalidateQueries();
    return;
  }
  const keys = new Set([...kinds].flatMap((kind) => QUERIES[kind] ?? []));
  void client.invalidateQueries({
    predicate: ({ queryKey, state }) =>
      keys.has(String(queryKey[0])) && pagesRead(state.data) <= PAGES_REFRESHED_MAX,
  });
}

function pagesRead(data: unknown): number {
  const { pages } = (data ?? {}) as { readonly pages?: readonly unknown[] };
  return pages?.length ?? 0;
}

export function useLiveData(): void {
  const client = useQueryClient();
  useEffect(() => {
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const noticed = (kind: string): void => {
      waiting.add(kind);
      timer ??= setTimeout(() => {
        timer = undefined;
        refresh(client, waiting);
        waiting.clear();
      }, PAUSE_MS);
    };
    const tabs = new BroadcastChannel(NAME);
    tabs.addEventListener('message', ({ data }) => noticed(String(data)));
    const ended = new AbortController();
    takeTurn(tabs, noticed, ended.signal).catch(() => undefined);
    return () => {
      ended.abort();
      tabs.close();
      clearTimeout(timer);
    };
  }, [client]);
}

/**
 * Listens now if no other tab does, else as soon as that one is gone. What changed between the two nobody heard, so then
 * all tabs look again.
 */
async function takeTurn(
  tabs: BroadcastChannel,
  noticed: (kind: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const listened = await navigator.locks.request(NAME, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await listen(tabs, noticed, signal, false);
    return lock !== null;
  });
  if (!listened) await navigator.locks.request(NAME, { signal }, () => listen(tabs, noticed, signal, true));
}

/** Until the page goes: the lock is held for as long. */
function listen(
  tabs: BroadcastChannel,
  noticed: (kind: string) => void,
  signal: AbortSignal,
  tookOver: boolean,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const tell = (kind: string): void => {
    noticed(kind);
    // A channel has no target: it reaches pages of this server only.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    tabs.postMessage(kind);
  };
  let stream: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = (missed: boolean): void => {
    // The browser connects again by itself, and says which event it had last.
    stream = new EventSource(addressOf('watchChanges', {}));
    if (missed) stream.addEventListener('open', () => tell('reload'), { once: true });
    for (const kind of [...Object.keys(QUERIES), 'reload']) stream.addEventListener(kind, () => tell(kind));
    stream.addEventListener('error', ({ target }) => {
      tell(LOST);
      if ((target as EventSource).readyState === EventSource.CLOSED)
        timer = setTimeout(() => open(true), REFUSED_RETRY_MS);
    });
  };
  open(tookOver);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      stream.close();
      resolve();
    });
  });
}
