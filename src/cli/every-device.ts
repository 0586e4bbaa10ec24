/** The devices of a server that fit a filter, page by page. */
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { PeopleAnswer, PeopleRequest } from '#protocol/people/people-routes.ts';
import { PackedList, pages } from './packed-list.ts';

export type ListedDevice = PeopleAnswer<'listDevices'>['devices'][number];

export async function everyDevice(
  client: PeopleClient,
  filter: Omit<PeopleRequest<'listDevices'>, 'after' | 'limit'>,
): Promise<PackedList<ListedDevice>> {
  const devices = new PackedList<ListedDevice>();
  for await (const page of pages<PeopleAnswer<'listDevices'>>((behind) =>
    client('listDevices', { ...filter, ...behind, limit: LIST_PAGE_MAX }),
  )) {
    devices.push(page.devices);
  }
  return devices;
}
