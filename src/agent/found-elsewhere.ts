/** Keys that are not on this device: the device asks its server for them with the claim that lies beside the data. */
import type { ServerName } from '#domain/server-name.ts';

/** `server` where the device's own server had it, else the name of the server that did. */
export function sourceName(own: ServerName, source: ServerName): string {
  return source.id === own.id ? 'server' : source.name;
}
