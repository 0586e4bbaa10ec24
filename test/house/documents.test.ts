/** The documents, held against the project: what they link to is there, what they show can be run, what they say is so. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { commandNotYet } from '#cli/command.ts';
import { loadNouns } from '#cli/nouns.ts';
import * as limits from '#domain/limits.ts';
import { LOOKUP_REASONS } from '#domain/lookup-reason.ts';
import * as listenerLimits from '#domain/listener-limits.ts';
import * as messageLimits from '#domain/message-limits.ts';
import { nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import { TransmissionEnd, TransmissionStart } from '#protocol/messages.ts';
import { readLine } from '#server/hierarchy/batch.ts';
import {
  brokenLinks,
  commandFaults,
  commandsShown,
  numberFaults,
  servedAfterAll,
  unnamedPaths,
} from './documents.ts';
import { readProjectFiles } from './project-files.ts';

const NOUNS = await loadNouns();
const documents = await readProjectFiles('*.md', 'docs/**/*.md');
const everyFile = await readProjectFiles(
  '*.{md,json}',
  'docs/**/*.md',
  '{src,test,bench,examples}/**/*.{ts,json,md}',
);

function textOf(path: string): string {
  const found = documents.find((document) => document.path === path);
  assert.ok(found !== undefined, `${path} is missing`);
  return found.text;
}

function fenced(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!);
}

test('every link in a document leads to a file of the project, and to a heading that is there', () => {
  assert.deepEqual(
    documents.flatMap((document) => brokenLinks(document, documents)),
    [],
  );
});

test('every file of src that a document names is there', () => {
  const paths = everyFile.map(({ path }) => path);
  assert.deepEqual(
    documents.flatMap((document) => unnamedPaths(document, paths)),
    [],
  );
});

test('every command that a document shows exists, with its options, and is served by this release', () => {
  const shown = documents.flatMap((document) => commandsShown(document));
  assert.ok(shown.length > 30, `only ${shown.length} commands were found`);
  assert.deepEqual(
    shown.flatMap((command) => commandFaults(command, NOUNS)),
    [],
  );
});

test('no command that OPERATING names as not there has come since', () => {
  const [, limitsNamed] = textOf('docs/OPERATING.md').split('\n## Known limits\n');
  const bold = limitsNamed!.split('\n').filter((line) => line.startsWith('- **'));
  // `open-drive` is there without `--name`, `server verify` on a running server.
  const served = servedAfterAll(bold.join('\n'), NOUNS).filter((fault) => !fault.startsWith('server verify'));
  assert.deepEqual(served, []);
});

test('decision notes are numbered without gaps, and each is in the index under its title', () => {
  const notes = documents.filter(({ path }) => /^docs\/decisions\/\d/.test(path));
  const index = textOf('docs/decisions/README.md');
  assert.deepEqual(numberFaults(notes, index), []);
});

test('docs/PROTOCOL.md tells of every call of the route table, and of no other', () => {
  const rows = [
    ...textOf('docs/PROTOCOL.md').matchAll(/^\| `(\/v1\/[^`]+)` \| ([a-z-]+) \|.*\| (yes|no) \|$/gm),
  ];
  const told = rows.map((row) => `${row[1]} ${row[2]} ${row[3]}`);
  const table = Object.values(MACHINE_ROUTES).map(
    ({ path, caller, idempotent }) => `${path} ${caller} ${idempotent ? 'yes' : 'no'}`,
  );
  assert.deepEqual(told, table);
});

test("docs/PROTOCOL.md tells every call's fields, and none that is not there", () => {
  const rows = [
    ...textOf('docs/PROTOCOL.md').matchAll(/^\| `(\/v1\/[^`]+)` \| (?![a-z-]+ \|)(.*) \| (.*) \|$/gm),
  ];
  const told = new Map(rows.map((row) => [row[1]!, row[2]!]));
  for (const route of Object.values(MACHINE_ROUTES)) {
    const request = told.get(route.path);
    assert.ok(request !== undefined, `${route.path} is not told`);
    if (route.request === 'json-lines') continue;
    const fields = [...request.matchAll(/`([a-zA-Z]+)\??(?: [^`]*)?`/g)].map((match) => match[1]!);
    assert.deepEqual(fields, Object.keys((route.request as { shape?: object }).shape ?? {}), route.path);
  }
});

test('docs/PROTOCOL.md tells every reason of a lookup', () => {
  const rows = [...textOf('docs/PROTOCOL.md').matchAll(/^\| `([a-z-]+)` \| [^|]+ \|$/gm)].map(
    (row) => row[1]!,
  );
  assert.deepEqual(
    LOOKUP_REASONS.filter((reason) => !rows.includes(reason)),
    [],
  );
});

test('every limit that docs/PROTOCOL.md gives is the one in the code', () => {
  const rows = [...textOf('docs/PROTOCOL.md').matchAll(/\| `([A-Z_]+)` \| ([\d,]+) \|/g)];
  assert.ok(rows.length > 15);
  const named: Readonly<Record<string, unknown>> = {
    ...limits,
    ...listenerLimits,
    ...messageLimits,
  };
  for (const [, name, value] of rows) {
    assert.equal(Number(value!.replaceAll(',', '')), named[name!], name!);
  }
});

test('the worked example of docs/PROTOCOL.md is the first published vector', async () => {
  const vectors = JSON.parse(await readFile('test/vectors/encryption-key/v1.json', 'utf8'));
  const vector = vectors[0];
  const text = textOf('docs/PROTOCOL.md');
  for (const part of [vector.canonical, vector.digest, vector.key.id, vector.blind]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(text.includes(Buffer.from(vector.material, 'base64').toString()));
});

test('the transmission that docs/PROTOCOL.md shows is one that a primary takes', () => {
  const [example] = fenced(textOf('docs/PROTOCOL.md'), 'jsonl');
  const [start, key, end] = example!.trimEnd().split('\n');
  assert.equal(TransmissionStart.parse(JSON.parse(start!)).seq, 0);
  const received = readLine(key!);
  assert.ok(received.ok);
  const chain = nextChainValue(SEQUENCE_START.chain, received.key.digest).toString('hex');
  assert.deepEqual(TransmissionEnd.parse(JSON.parse(end!)), { end: { seq: 1, chain } });
  assert.equal(hash('sha256', Buffer.alloc(16, 1), 'hex'), received.key.complete.key.claimHash);
});

test('every test that docs/DURABILITY.md names is there', async () => {
  const rows = [...textOf('docs/DURABILITY.md').matchAll(/^\| ([^|`]+) \| `(test\/[^`]+)` \|$/gm)];
  assert.ok(rows.length > 15);
  for (const [, title, path] of rows) {
    const text = await readFile(path!, 'utf8');
    assert.ok(text.includes(title!), `${path} has no test "${title}"`);
  }
});

// --- that each rule can fail ---

test('a link to nowhere, a path and a command that are not there, and a gap are found', () => {
  const file = (text: string) => ({ path: 'docs/A.md', text });
  assert.equal(
    brokenLinks(file('[a](B.md) [b](A.md#none) [c](https://example.org)'), [file('# One')]).length,
    2,
  );
  assert.equal(unnamedPaths(file('`src/no/such.ts`'), ['src/cli/main.ts']).length, 1);
  const commands = commandsShown(
    file('```sh\nkeystair keys burn\nbin/keystair keys list --datum D > out\n```'),
  );
  assert.equal(commands.flatMap((command) => commandFaults(command, NOUNS)).length, 2);
  const later = commandNotYet({ summary: 'later', positionals: {}, options: {}, example: '' });
  const notYet = commandsShown(file('run `keystair agent later /dev/sdb` now'));
  const nouns = { agent: { summary: 'it', verbs: { later } } };
  assert.equal(notYet.flatMap((command) => commandFaults(command, nouns)).length, 1);
  assert.equal(servedAfterAll('`keys list` and `keys burn`', NOUNS).length, 1);
  const notes = [1, 3].map((at) => ({ path: `docs/decisions/000${at}-x.md`, text: `# 000${at}: x` }));
  assert.equal(numberFaults(notes, '[0001: x](0001-x.md) [0003: x](0003-x.md)').length, 1);
});
