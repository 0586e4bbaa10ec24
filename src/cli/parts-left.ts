/** What commands that were killed left in a folder, told to whoever writes a file there next. */
import { partsLeftBeside } from '#disk/whole-file.ts';
import { STANDARD_STREAM } from './standard-streams.ts';
import type { Terminal } from './terminal.ts';

/** Of a folder that cannot be read the command itself will say so. */
export async function sayPartsLeft({ say }: Pick<Terminal, 'say'>, path: string): Promise<void> {
  if (path === STANDARD_STREAM) return;
  for (const left of await partsLeftBeside(path).catch(() => [])) say(left);
}
