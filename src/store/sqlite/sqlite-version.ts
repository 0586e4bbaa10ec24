/** Which SQLite may hold a repository. Before 3.51.3 its WAL-reset race could lose a commit. */
import { KeystairError } from '#domain/errors.ts';
import { SQLITE_VERSION_MIN } from '#domain/limits.ts';

function numbers(version: string): readonly number[] {
  return version.split('.').map(Number);
}

/** Throws `sqlite-too-old`, also for a version that cannot be read. */
export function checkSqliteVersion(version: string): void {
  const found = numbers(version);
  for (const [index, least] of numbers(SQLITE_VERSION_MIN).entries()) {
    const part = found[index] ?? 0;
    if (part > least) return;
    if (!(part >= least)) {
      throw new KeystairError(
        'sqlite-too-old',
        `this Node includes SQLite ${version}, which can lose commits; ${SQLITE_VERSION_MIN} fixes that`,
        {
          nextStep:
            'run Keystair with the Node that comes with it (npm ci, then bin/keystair), or a newer one',
        },
      );
    }
  }
}
