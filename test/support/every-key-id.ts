/** The ids of all keys of a server, page by page. */
import type { PeopleClient } from '#transport/people/people-client.ts';

export async function everyKeyId(call: PeopleClient): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = '0';
  while (after !== null) {
    const page: { keys: { id: string }[]; next: string | null } = await call('listKeys', {
      after,
      limit: 1000,
    });
    ids.push(...page.keys.map(({ id }) => id));
    after = page.next;
  }
  return ids;
}
