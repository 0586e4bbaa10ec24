/** What a person finds a key by: what is written on the data first. */
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';

type ListedKey = PeopleAnswer<'listKeys'>['keys'][number];

export function locatorOf({ locator, id }: Pick<ListedKey, 'locator' | 'id'>): string {
  return locator.label ?? locator.recoveryId ?? locator.serial ?? locator.luksUuid ?? id;
}
