/** One server of several processes over one PostgreSQL, as people start them. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Device, Organisation, Server } from './organisation.ts';
import { eventually } from './eventually.ts';

/** A directory for one more process of a server, which opens by the same key file. */
export function directoryBeside(first: string, data: string): string {
  mkdirSync(data, { mode: 0o700 });
  copyFileSync(join(first, 'root.key'), join(data, 'root.key'));
  return data;
}

/** One more process of a server. */
export function startBeside(place: Organisation, first: Server, url: string): Promise<Server> {
  const data = directoryBeside(first.data, place.path(`${first.name.toLowerCase()}-2`));
  return place.server(first.name, { data, args: ['--database', url] });
}

/** A device goes where it was told, so it has to have heard of the other process. */
export async function hearsOf(device: Device, other: Server): Promise<void> {
  await eventually('the device knows both processes', async () => {
    await device.heartbeat();
    return (await device.run(['status'])).stdout.includes(other.listen);
  });
}
