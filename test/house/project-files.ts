/** The project's own files, as the house rules see them. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceFile } from './source-text.ts';

const ROOT = join(import.meta.dirname, '../..');

export async function readProjectFiles(...patterns: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const path of glob([...patterns], { cwd: ROOT })) {
    files.push({ path, text: await readFile(join(ROOT, path), 'utf8') });
  }
  return files.sort((a, b) => a.path.localeCompare(b.path));
}
