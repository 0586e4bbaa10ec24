/** docs/SECURITY_REQUIREMENTS.md, held against the standard's numbers and the project's files. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readProjectFiles } from './project-files.ts';
import { requirementFaults } from './security-requirements.ts';

const document = await readFile(join(import.meta.dirname, '../../docs/SECURITY_REQUIREMENTS.md'), 'utf8');
const paths = (await readProjectFiles('test/**/*.ts')).map(({ path }) => path);

test('each requirement stands there once, and what it names is there', () => {
  assert.deepEqual(requirementFaults(document, paths), []);
});

test('a requirement that is missing, twice, shown by nothing or by a file that is gone is found', () => {
  const without = (change: (text: string) => string): string[] => requirementFaults(change(document), paths);
  const line = /^\| 3\.4\.1 .*\n/m;
  const [row] = line.exec(document)!;
  for (const [what, change, fault] of [
    ['missing', (text: string) => text.replace(line, ''), /^3\.4\.1 stands there 0 times/],
    ['twice', (text: string) => text.replace(line, row + row), /^3\.4\.1 stands there 2 times/],
    ['unknown', (text: string) => text.replace('| 3.4.1 |', '| 3.4.9 |'), /^3\.4\.9 is no requirement/],
    ['gone', (text: string) => text.replace('strict-transport.test', 'gone.test'), /which is not there/],
    ['nothing', (text: string) => text.replace(line, '| 3.4.1 | 1 | x | met | yes |\n'), /shown by nothing/],
    [
      'a state',
      (text: string) => text.replace(line, '| 3.4.1 | 1 | x | fine | yes |\n'),
      /which is no state/,
    ],
    ['a count', (text: string) => text.replace(/(\| met \|.*\| )\d+ /, '$11 '), /says another number/],
    ['the list', (text: string) => text.replace('Not met: 2.4.1', 'Not met: 2.4.2'), /the list says another/],
  ] as const)
    assert.ok(
      without(change).some((one) => fault.test(one)),
      what,
    );
});
