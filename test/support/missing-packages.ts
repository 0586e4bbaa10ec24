/** Which of Debian's packages a tool needs and this machine lacks. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @param programs each with the package that brings it. @returns packages. */
export function missingPackages(programs: Readonly<Record<string, string>>): readonly string[] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const isThere = (program: string): boolean =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  return Object.entries(programs)
    .filter(([program]) => !isThere(program))
    .map(([, name]) => name);
}
