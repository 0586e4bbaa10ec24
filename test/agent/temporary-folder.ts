/** A folder for one test file, gone when its tests are over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** Returns a function that names a fresh path in it. */
export function temporaryFolder(purpose: string): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), `keystair-${purpose}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}
