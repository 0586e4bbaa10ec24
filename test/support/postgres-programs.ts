/** Where Debian's PostgreSQL lies. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** The folder of PostgreSQL's programs; undefined where there is none. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted().toReversed() : [];
  for (const version of versions) {
    const folder = join(DEBIAN, version, 'bin');
    if (existsSync(join(folder, 'postgres'))) return folder;
  }
  return undefined;
}
