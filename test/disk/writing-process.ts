/** Writes a file whole, in a process whose system calls can be made to fail. Prints the code and what is to be done. */
import { randomBytes } from 'node:crypto';
import { writeWholeFile } from '#disk/whole-file.ts';
import { KeystairError } from '#domain/errors.ts';

const [path, how] = process.argv.slice(2);
try {
  await writeWholeFile(
    { path: path!, force: how === 'force', random: randomBytes },
    (async function* () {
      yield Buffer.from('the content');
    })(),
  );
  process.stdout.write('done');
} catch (error) {
  process.stdout.write(
    error instanceof KeystairError ? `${error.code}: ${error.sentence}` : `internal: ${String(error)}`,
  );
}
