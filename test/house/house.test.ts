/** The house rules, held against the project itself. That each can fail is shown in `rules.test.ts` and `import-rules.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES } from '#domain/errors.ts';
import {
  environmentReaders,
  leftBehindFaults,
  lengthFault,
  machinePathFaults,
  nameFaults,
  openingFault,
  shapeFaults,
} from './code-shape.ts';
import { catalogueFaults } from './error-catalogue.ts';
import { circles, floorFaults, pictureFaults, wholePortsFaults } from './floors.ts';
import { bannedWords, glossaryFaults } from './glossary.ts';
import { deadFiles, FOREIGN_FOLDER, foreignFaults, importFaults, nodeFaults } from './import-directions.ts';
import { readProjectFiles } from './project-files.ts';
import type { SourceFile } from './source-text.ts';
import { commandFaults, expectedWordsFaults } from './surfaces.ts';

const src = await readProjectFiles('src/**/*.{ts,tsx}');
const code = [...src, ...(await readProjectFiles('{test,bench,examples}/**/*.{ts,tsx}'))];
const everything = [
  ...code,
  ...(await readProjectFiles('*.{json,md}', '.ci/*', 'bin/*', 'docs/**/*.md', 'test/**/*.{json,md,txt}')),
];

function holds(files: readonly SourceFile[], rule: (file: SourceFile) => readonly string[]): void {
  const faults = files.flatMap((file) => rule(file).map((fault) => `${file.path}: ${fault}`));
  assert.deepEqual(faults, []);
}

test('the rules see the whole of src', () => {
  assert.ok(src.length > 20, `only ${src.length} files were found`);
});

test('imports point down, and programs never know each other', () => holds(src, importFaults));

test("the server's rooms import only lower floors", () => holds(src, floorFaults));

test('no operation is handed more of a server than it uses', () => holds(src, wholePortsFaults));

test('no files import each other in a circle', () => assert.deepEqual(circles(src), []));

test('docs/ARCHITECTURE.md draws the floors as they are', async () => {
  const [document] = await readProjectFiles('docs/ARCHITECTURE.md');
  const rooms = new Set(src.flatMap(({ path }) => /^src\/server\/([^/]+)\//.exec(path)?.[1] ?? []));
  assert.deepEqual(pictureFaults(document?.text ?? '', [...rooms]), []);
});

test('hostile neighbours share a protocol with us, and no code', () => {
  const foreign = code.filter(({ path }) => path.startsWith(FOREIGN_FOLDER));
  assert.ok(foreign.length > 5, `only ${foreign.length} files were found`);
  holds(foreign, foreignFaults);
});

test('every file of src is reached from a program', () => assert.deepEqual(deadFiles(src), []));

test('the calls of people are the same in a browser', () => assert.deepEqual(nodeFaults(src), []));

/** A generator that can be guessed, a shell between us and a program, and a function that starts one. */
const GUESSED_OR_SHELL =
  /\bMath\s*\.\s*random\b|\bshell:\s*(?:true|['"`]\/)|\bexec(?:Sync)?\b[^}]*\}\s*from\s*'node:child_process'/g;

test('nothing comes from a generator that can be guessed, and no program is started through a shell', () => {
  const found = ({ text }: SourceFile): string[] =>
    [...text.matchAll(GUESSED_OR_SHELL)].map(([words]) => `has ${words}`);
  holds(src, found);
  for (const text of [
    'Math.random()',
    'spawn(a, { shell: true })',
    "import { exec } from 'node:child_process';",
  ])
    assert.equal(found({ path: '', text }).length, 1, text);
});

test('only the command line names its commands', () => holds(src, commandFaults));

test('tests expect the words of failures from test/sentences/ alone', () => holds(code, expectedWordsFaults));

test('code has the shape that Node runs as it is', () => {
  // The test runner asks its reporter for a default export.
  holds(
    code.filter(({ path }) => path !== 'test/support/events-reporter.ts'),
    shapeFaults,
  );
});

test('no file is longer than one idea', () => holds(code, lengthFault));

test('every file says first what it owns', () => holds(code, openingFault));

test('names say what lies there', () => holds(code, ({ path }) => nameFaults(path)));

test("names use the glossary's words", async () => {
  const [document] = await readProjectFiles('docs/GLOSSARY.md');
  const banned = bannedWords(document?.text ?? '');
  assert.ok(banned.size > 10);
  holds(src, (file) => glossaryFaults(file, banned));
});

test('nothing was left behind for later', () => holds(everything, leftBehindFaults));

test('no file names a place of one machine', () => holds(everything, machinePathFaults));

test('the environment is read in one place at most', () => {
  const readers = environmentReaders(src);
  assert.ok(readers.length <= 1, readers.join(', '));
});

test('docs/ERRORS.md explains every error code, and no other', async () => {
  const [document] = await readProjectFiles('docs/ERRORS.md');
  assert.deepEqual(catalogueFaults(ERROR_CODES, document?.text ?? ''), []);
});
