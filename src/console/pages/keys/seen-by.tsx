/** Who has seen the material of a key: shown at the key itself, for everybody who may read the audit log. */
import { List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../shell/session.tsx';
import { KEYS } from '../../texts/keys.ts';
import { useTexts } from '../../texts/language.tsx';
import { SHELL } from '../../texts/shell.ts';

interface Look {
  readonly number: number;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
}

async function looksAt(id: string, since: string, signal: AbortSignal): Promise<readonly Look[]> {
  const looks: Look[] = [];
  let after: { readonly after?: string } = {};
  for (;;) {
    const page = await call('listAudit', { find: id, since, ...after }, { signal });
    for (const { event, number, at, by, line } of page.events) {
      const told = JSON.parse(line) as { readonly key?: unknown; readonly reason?: unknown };
      if ((event === 'key-revealed' || event === 'key-answered') && told.key === id)
        looks.push({ number, at, by, reason: String(told.reason) });
    }
    if (page.next === null) return looks.toReversed();
    after = { after: page.next };
  }
}

export function SeenBy({ id, recordedAt }: { readonly id: string; readonly recordedAt: string }) {
  const { seen } = useTexts(KEYS);
  const { rights } = useTexts(SHELL);
  const missing = useSession().lacking('listAudit');
  const looks = useQuery({
    queryKey: ['seen', id],
    enabled: missing === undefined,
    queryFn: ({ signal }) => looksAt(id, recordedAt, signal),
  });
  return (
    <section aria-label={seen.title}>
      <Text fw={600} size="sm">
        {seen.title}
      </Text>
      {missing !== undefined && (
        <Text size="sm" c="dimmed">
          {rights.lacking(missing.area, missing.right)}
        </Text>
      )}
      {looks.error !== null && <ProblemAlert error={looks.error} onRetry={() => void looks.refetch()} />}
      {looks.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {seen.nobody}
        </Text>
      )}
      {looks.data !== undefined && looks.data.length > 0 && (
        <List size="sm" className="long-text">
          {looks.data.map(({ number, at, by, reason }) => (
            <List.Item key={number}>
              <Time at={at} never="" /> · <bdi>{by}</bdi>: <bdi>{reason}</bdi>
            </List.Item>
          ))}
        </List>
      )}
    </section>
  );
}
