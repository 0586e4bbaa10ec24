/**
 * Every bound of what a neighbour sends has a witness: a planted bug without it, which the campaign of hostile members or
 * a test sees (`npm run hostile -- --kind members --planted ''`). The table here names those that need none, and why.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BOUND_BUGS } from '#test/hostile/members/planted/bound-bugs.ts';
import { boundsOf } from '#test/hostile/members/planted/bound-bug.ts';
import { readProjectFiles } from './project-files.ts';
import { identifiersOf } from './source-text.ts';

/** Whatever is sent by a neighbour is bounded in one of these. */
const WHERE = [
  'src/protocol/*.ts',
  'src/domain/{bounded-json,encryption-key,json-bounds,lookup,sequence,step,transmission}.ts',
  'src/server/{audit/{counted-events,provisions,refusals}.ts,checkpoints/*.ts,devices/*.ts}',
  'src/server/{hierarchy/**/*.ts,http/*.ts,http/machines/*.ts}',
  'src/server/{keys/{explain,fetched-keys,lookup,provide,way-up}.ts,members/*.ts,records/*.ts}',
  'src/transport/*.ts',
];

/** Bounds that hold nothing of a neighbour's. */
const NOT_OF_NEIGHBOURS: Readonly<Record<string, string>> = {
  BACKUP_LINE_BYTES_MAX: 'rows of our own database and backups',
  CONNECTION_IDLE_MS_MAX: 'how long we keep a connection of our own that nobody uses',
  GROUPS_MAX: 'groups of devices that people make',
  GROUP_DEPTH_MAX: 'groups of devices that people make',
  LIST_PAGE_MAX: 'what people list',
  PEOPLE_ANSWER_BYTES_MAX: 'answers to people',
  PEOPLE_ANSWER_DEPTH_MAX: 'answers to people',
  PEOPLE_ANSWER_VALUES_MAX: 'answers to people',
  REPORT_NAMES_MAX: 'what a report to people names',
  RECOVERY_MS_MAX: 'what an administrator allows',
};

const ROOT = join(import.meta.dirname, '../..');
const WITNESSED = new Set(BOUND_BUGS.flatMap((bug) => boundsOf(bug)));

async function boundsInUse(): Promise<Set<string>> {
  const files = (await Promise.all(WHERE.map((where) => readProjectFiles(where)))).flat();
  const names = files.flatMap(({ text }) => [...identifiersOf(text)]);
  return new Set(names.filter((name) => /^[A-Z]\w*_MAX$/.test(name)));
}

/** In the rows of their tables. */
function limitsPromised(): Set<string> {
  const rows = ['PROTOCOL', 'THREAT_MODEL']
    .map((name) => readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8'))
    .flatMap((text) => text.match(/^\|.*\|$/gm) ?? []);
  const names = rows.flatMap((row) => [...row.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name!));
  return new Set(names.filter((name) => !name.endsWith('_DEFAULT')));
}

test('every bound of what a neighbour sends has a planted bug without it', async () => {
  const [inUse, promised] = [await boundsInUse(), limitsPromised()];
  assert.ok(inUse.size > 50 && promised.size > 40, `${inUse.size} in use, ${promised.size} promised`);
  const bounds = inUse.union(promised);
  const unseen = [...bounds].filter((name) => !WITNESSED.has(name) && !(name in NOT_OF_NEIGHBOURS));
  assert.deepEqual(unseen, [], 'plant a bug without each, or delete it');
  const idle = Object.keys(NOT_OF_NEIGHBOURS).filter((name) => !bounds.has(name) || WITNESSED.has(name));
  assert.deepEqual(idle, [], 'these need no exception');
});
