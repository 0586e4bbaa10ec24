/**
 * Whether the console was built before its sources changed: after an update of the sources a server would go on serving
 * pages of an older release, which may ask for what is no longer there.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');

/** What the pages are made of. A release without sources has nothing that could be newer. */
const CONSOLE_PLACES = {
  built: join(ROOT, 'dist/console/index.html'),
  sources: [join(ROOT, 'src/console'), join(ROOT, 'src/protocol/people')],
};

/** @returns the newest source that is younger than what was built; undefined if there is none, or nothing was built. */
export function newerConsoleSource({ built, sources } = CONSOLE_PLACES): string | undefined {
  const builtAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs;
  if (builtAt === undefined) return undefined;
  let newest: { readonly path: string; readonly at: number } | undefined;
  for (const folder of sources) {
    for (const path of filesIn(folder)) {
      const file = statSync(path, { throwIfNoEntry: false });
      const at = file?.isFile() === true ? file.mtimeMs : 0;
      if (at > (newest?.at ?? builtAt)) newest = { path, at };
    }
  }
  return newest?.path;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
