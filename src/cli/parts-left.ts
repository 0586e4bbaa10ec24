/** What killed commands left in a folder, for the next person who writes a file there. */
import { partsLeftBeside } from '#disk/whole-file.ts';
import { STANDARD_STREAM } from './standard-streams.ts';
import type { Terminal } from './terminal.ts';

/** For an unreadable folder, the command itself reports it. */
export async function sayPartsLeft({ say }: Pick<Terminal, 'say'>, path: string): Promise<void> {
  if (path === STANDARD_STREAM) return;
  for (const left of await partsLeftBeside(path).catch(() => [])) say(left);
}
