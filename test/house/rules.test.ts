/** Each house rule fails on a planted bad example and lets its good twin pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  environmentReaders,
  FILE_LINES_MAX,
  leftBehindFaults,
  lengthFault,
  machinePathFaults,
  nameFaults,
  openingFault,
  shapeFaults,
} from './code-shape.ts';
import { catalogueFaults } from './error-catalogue.ts';
import { bannedWords, glossaryFaults as faultsOfNames } from './glossary.ts';
import { codeOf, identifiersOf, importsOf, wordsOf } from './source-text.ts';
import { commandFaults, expectedWordsFaults } from './surfaces.ts';

const BANNED = bannedWords(
  '| Word | Means | Not |\n| server | one place | `node` |\n| heartbeat | x | `ping`, `poll` |\n| primary | x | `parent` |\n| secondary | x | `child` |\n| root | x | |\n| repository | x | `vault` |\n',
);
const glossaryFaults = (file: { path: string; text: string }) => faultsOfNames(file, BANNED);

test('the scanner tells code from comments, strings, templates and regular expressions', () => {
  const text = [
    "const a = 'enum X {'; // enum Y {",
    '/* enum Z { */ const b = `enum ${inner + `deep ${deeper}`} W {`;',
    "const c = /['\"`/]enum/g.test(a) ? 1 / 2 / 3 : 'it\\'s';",
    'const d = after;',
  ].join('\n');
  const code = codeOf(text);
  assert.equal(code.length, text.length);
  assert.ok(!code.includes('enum'));
  assert.deepEqual([...identifiersOf(text)].toSorted(), 'a after b c const d deeper inner test'.split(' '));
});

test('the scanner finds every form of import and nothing else', () => {
  const text = [
    "import './effect.ts';",
    "import { one, type Two as Three } from '#domain/a.ts';",
    "import type { Four } from 'b';",
    "import * as all from 'node:fs';",
    "export { five } from './c.ts';",
    "const six = await import('#server/main.ts');",
    'new Worker(new URL(`./worker${extension}`, import.meta.url));',
    "const text = \"import './never.ts'\"; // import './nor-this.ts'",
  ].join('\n');
  assert.deepEqual(
    importsOf(text).map(({ specifier }) => specifier),
    ['./worker.ts', './effect.ts', '#domain/a.ts', 'b', 'node:fs', './c.ts', '#server/main.ts'],
  );
  assert.deepEqual(importsOf(text)[2]?.names, ['one', 'Two']);
});

test('names are split into words however they are written', () => {
  assert.deepEqual(wordsOf('readHTTPBodySync'), ['read', 'http', 'body', 'sync']);
  assert.deepEqual(wordsOf('TRANSMISSION_KEYS_MAX'), ['transmission', 'keys', 'max']);
  assert.deepEqual(wordsOf('src/cli/data-directory.ts'), ['src', 'cli', 'data', 'directory', 'ts']);
});

test('code that Node cannot run as it is, or that the house does not want, is found', () => {
  for (const text of [
    'export default 1;',
    'export { x as default };',
    'export const enum Kind { A }',
    'namespace Inner { }',
    'class A { constructor(private readonly x: number) {} }',
    'class A { constructor(a: string, readonly b: string) {} }',
    'class A {\n  private x = 1;\n}',
    'class A {\n  @logged() run() {}\n}',
    'const x = y as any;',
    'function f(x: any) {}',
  ]) {
    assert.equal(shapeFaults({ path: 'a.ts', text }).length > 0, true, text);
  }
  for (const text of [
    'export const company = 1; // export default',
    'class A { readonly #x: number; constructor(x: number) { this.#x = x; } }',
    'interface Module { readonly enumerable: boolean }',
    "const f = ({ read }: { readonly read: string }) => 'enum X {';",
  ]) {
    assert.deepEqual(shapeFaults({ path: 'a.ts', text }), [], text);
  }
});

test('a file that is too long is found', () => {
  assert.deepEqual(lengthFault({ path: 'a.ts', text: '\n'.repeat(FILE_LINES_MAX) }), []);
  assert.equal(lengthFault({ path: 'a.ts', text: '\n'.repeat(FILE_LINES_MAX + 1) }).length, 1);
});

test('a file that does not say what it owns is found', () => {
  assert.equal(openingFault({ path: 'a.ts', text: 'import x;' }).length, 1);
  assert.deepEqual(openingFault({ path: 'a.ts', text: '/** Owns a. */\n' }), []);
});

test('names that say nothing, or are not kebab-case, are found', () => {
  for (const path of ['src/utils/a.ts', 'src/cli/helpers.ts', 'src/server/dto/x.ts', 'src/cli/runTool.ts']) {
    assert.equal(nameFaults(path).length, 1, path);
  }
  assert.deepEqual(nameFaults('src/cli/data-directory.ts'), []);
  assert.deepEqual(nameFaults('test/cli/arguments.test.ts'), []);
});

test("a word that is not the glossary's is found, wherever it hides", () => {
  const path = 'src/server/a.ts';
  for (const text of [
    'const parentServer = 1;',
    'const VAULT_SIZE = 1;',
    'function pingPrimary() {}',
    'interface NodeStatus {}',
    'const CHILD_MAX = 1;',
  ]) {
    assert.equal(glossaryFaults({ path, text }).length, 1, text);
  }
  assert.equal(glossaryFaults({ path: 'src/server/vault/a.ts', text: '' }).length, 1);
});

test("the field's own use of such a word is let be", () => {
  for (const [path, text] of [
    ['src/server/a.ts', 'const e: NodeJS.ErrnoException = y; parentPort.postMessage(x);'],
    ['src/server/a.ts', "// the parent's token\nconst text = 'ping the node';"],
    ['src/server/a.ts', 'const { account, token, scope, host, session, permission } = sync;'],
    ['src/agent/a.ts', "import { spawn } from 'node:child_process'; const child = spawn(x);"],
    ['src/server/a.ts', 'const synchronous = shipping + hostname + host;'],
  ] as const) {
    assert.deepEqual(glossaryFaults({ path, text }), [], text);
  }
});

test('a command outside the command line is found', () => {
  const path = 'src/domain/a.ts';
  for (const text of ["'run `keystair server verify`'", '`run \\`keystair keys show ${id}\\``']) {
    assert.equal(commandFaults({ path, text }).length, 1, text);
    assert.deepEqual(commandFaults({ path: 'src/cli/a.ts', text }), []);
  }
  for (const text of ['// see `keystair keys list`', ' * `keystair keys list`', '`keystair/receipt/v1`'])
    assert.deepEqual(commandFaults({ path, text }), [], text);
});

test('words of a failure that a test expects are found', () => {
  const of = (text: string, path = 'test/cli/a.test.ts') => expectedWordsFaults({ path, text }).length;
  for (const text of [
    "assert.rejects(it, { code: 'later', message: /any/ })",
    '{ code, nextStep: new RegExp(`of ${name}`) }',
    'assert.match(ran.stderr, /^keystair: later: wait a while/);',
    'assert.match(\n  failureWords(error),\n  /the other server/,\n);',
  ]) {
    assert.equal(of(text), 1, text);
    assert.equal(of(text, 'test/sentences/a.ts'), 0);
  }
  for (const text of [
    "assert.rejects(it, { code: 'later', message: REFUSED.later.wait })",
    '// message: /any/',
    'assert.match(ran.stderr, /^keystair: later: /);',
    'assert.match(text, /two words/);',
  ])
    assert.equal(of(text), 0, text);
});

test('what was left behind is found', () => {
  // Put together here, so that this file does not hold them.
  for (const parts of [
    ['TO', 'DO'],
    ['FIX', 'ME'],
    ['@ts-', 'ignore'],
    ['test.', 'only('],
  ]) {
    const mark = parts.join('');
    assert.equal(leftBehindFaults({ path: 'a.ts', text: `// ${mark} later` }).length, 1, mark);
  }
  assert.deepEqual(leftBehindFaults({ path: 'a.ts', text: 'const todos = 1; if (only(x)) {}' }), []);
});

test('places of one machine are found', () => {
  for (const parts of [
    ['/ho', 'me/kari/x'],
    ["'/wo", "rk/main'"],
    ['https://registry.npm', 'js.org/x'],
  ]) {
    const text = parts.join('');
    assert.equal(machinePathFaults({ path: 'a.ts', text }).length, 1, text);
  }
  for (const parts of [['/var/lib/keystair'], ['team/wo', 'rk/x'], ['/ho', 'me'], ['node_modules/.bin']]) {
    const text = parts.join('');
    assert.deepEqual(machinePathFaults({ path: 'a.ts', text }), [], text);
  }
});

test('a second reader of the environment is found', () => {
  const reader = (path: string) => ({ path, text: 'const x = process.env.HOME;' });
  assert.deepEqual(
    environmentReaders([reader('a.ts'), { path: 'b.ts', text: '// process.env' }, reader('c.ts')]),
    ['a.ts', 'c.ts'],
  );
});

test('an error code without its row, a row without its code, and an empty row are found', () => {
  const document = '| Code | Meaning | What to do |\n|---|---|---|\n| `one` | it happened | do this |\n';
  assert.deepEqual(catalogueFaults(['one'], document), []);
  assert.equal(catalogueFaults(['one', 'two'], document).length, 1);
  assert.equal(catalogueFaults([], document).length, 1);
  assert.equal(catalogueFaults(['one', 'two'], `${document}| \`two\` | it happened | |\n`).length, 1);
  assert.equal(catalogueFaults(['one'], document + document).length, 1);
});
