/** Each rule of imports fails on a planted bad example and lets its good twin pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circles, floorFaults, pictureFaults, SERVER_FLOORS, wholePortsFaults } from './floors.ts';
import { deadFiles, foreignFaults, importFaults, nodeFaults } from './import-directions.ts';

function faultsOfImport(path: string, specifier: string): string[] {
  return importFaults({ path, text: `import { x } from '${specifier}';\n` });
}

test('an import that points up or sideways is found', () => {
  for (const [path, specifier] of [
    ['src/domain/a.ts', '#protocol/b.ts'],
    ['src/protocol/a.ts', '#crypto/b.ts'],
    ['src/crypto/a.ts', '#store/b.ts'],
    ['src/transport/a.ts', '#server/b.ts'],
    ['src/server/a.ts', '#agent/b.ts'],
    ['src/agent/a.ts', '#cli/b.ts'],
    ['src/cli/a.ts', '#server/main.ts'],
    ['src/cli/main.ts', '#server/keys/b.ts'],
    ['src/server/keys/a.ts', '../../domain/b.ts'],
    ['src/server/keys/a.ts', '#server/trust/b.ts'],
    ['src/server/keys/a.ts', './b'],
    ['src/elsewhere/a.ts', './b.ts'],
  ] as const) {
    assert.equal(faultsOfImport(path, specifier).length, 1, `${path} imports ${specifier}`);
  }
});

test('an import that points down is let be', () => {
  for (const [path, specifier] of [
    ['src/domain/a.ts', './b.ts'],
    ['src/protocol/a.ts', '#domain/b.ts'],
    ['src/store/sqlite/a.ts', '../store.ts'],
    ['src/server/a.ts', '#transport/b.ts'],
    ['src/cli/main.ts', '#server/main.ts'],
    ['src/cli/main.ts', '#agent/main.ts'],
  ] as const) {
    assert.deepEqual(faultsOfImport(path, specifier), []);
  }
});

test('a domain that is not pure is found', () => {
  const path = 'src/domain/a.ts';
  assert.deepEqual(importFaults({ path, text: "import { hash } from 'node:crypto';" }), []);
  for (const text of [
    "import { randomBytes } from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    "import { readFileSync } from 'node:fs';",
    "import { z } from 'zod';",
    'export const now = () => Date.now();',
    'export const now = () => new Date().toISOString();',
    'export const dice = () => Math.random();',
    'export const where = () => process.cwd();',
  ]) {
    assert.equal(importFaults({ path, text }).length, 1, text);
  }
  assert.deepEqual(
    importFaults({ path, text: 'export const at = (ms: number) => new Date(ms); // Date.now' }),
    [],
  );
});

test('a file that no program reaches is found', () => {
  const files = [
    { path: 'src/cli/main.ts', text: "import './a.ts'; await import('#server/main.ts');" },
    { path: 'src/cli/a.ts', text: "import type { B } from '#domain/b.ts';" },
    { path: 'src/domain/b.ts', text: '' },
    { path: 'src/server/main.ts', text: '' },
    { path: 'src/domain/dead.ts', text: "import './dead-too.ts';" },
    { path: 'src/domain/dead-too.ts', text: '' },
  ];
  assert.deepEqual(deadFiles(files), ['src/domain/dead.ts', 'src/domain/dead-too.ts']);
});

test('what only Node has is found behind the calls of people, however far', () => {
  const files = (deep: string) => [
    {
      path: 'src/protocol/people/a.ts',
      text: "import type { B } from '../b.ts';\nimport { z } from 'zod';\n",
    },
    { path: 'src/protocol/b.ts', text: "import { c } from '#domain/c.ts';\n" },
    { path: 'src/domain/c.ts', text: deep },
    { path: 'src/domain/d.ts', text: "import { hash } from 'node:crypto';\n" },
  ];
  assert.deepEqual(nodeFaults(files('const a = "Buffer"; // node:crypto')), []);
  for (const deep of ["import './d.ts';", 'Buffer.from(x)', "const d = await import('node:fs');"]) {
    assert.equal(nodeFaults(files(deep)).length, 1, deep);
  }
});

test('whatever a program of foreign make takes of ours, or of anybody, is found', () => {
  const text = "import { a } from './a.ts';\nimport { b } from 'node:tls';\n";
  assert.deepEqual(foreignFaults({ path: 'a.ts', text }), []);
  for (const specifier of [
    '#domain/claim.ts',
    '../target.ts',
    './../../ports.ts',
    'fastify',
    '#test/run.ts',
  ]) {
    assert.equal(
      foreignFaults({ path: 'a.ts', text: `import { x } from '${specifier}';` }).length,
      1,
      specifier,
    );
  }
});

test('a room of the server that reaches up or sideways is found, and one without a floor', () => {
  const faults = (path: string, specifier: string) =>
    floorFaults({ path, text: `import type { X } from '${specifier}';\n` });
  assert.equal(faults('src/server/keys/a.ts', '../devices/b.ts').length, 1);
  assert.equal(faults('src/server/keys/a.ts', '../main.ts').length, 1);
  assert.equal(faults('src/server/transfer/a.ts', '../integrity/verify/b.ts').length, 1);
  assert.equal(faults('src/server/cellar/a.ts', '../keys/b.ts').length, 1);
  assert.deepEqual(faults('src/server/keys/a.ts', '../hierarchy/primary/b.ts'), []);
  assert.deepEqual(faults('src/server/keys/a.ts', './b.ts'), []);
  assert.deepEqual(faults('src/server/serving.ts', './http/people/b.ts'), []);
});

test('an operation that takes all that a server has is found', () => {
  const faults = (path: string, text: string) => wholePortsFaults({ path, text }).length;
  assert.equal(faults('src/server/keys/a.ts', 'function f(ports: ServerPorts) {}'), 1);
  assert.equal(faults('src/server/keys/a.ts', 'interface P extends HierarchyPorts {}'), 1);
  assert.equal(faults('src/server/keys/a.ts', "function f(ports: Pick<ServerPorts, 'store'>) {}"), 0);
  assert.equal(faults('src/server/serving.ts', 'const ports: HierarchyPorts = x;'), 0);
});

test('a circle of imports is found, of types and over folders', () => {
  const file = (path: string, specifier: string) => ({
    path,
    text: `import type { X } from '${specifier}';\n`,
  });
  const files = [
    file('src/cli/a.ts', '#server/keys/b.ts'),
    file('src/server/keys/b.ts', './c.ts'),
    file('src/server/keys/c.ts', '#cli/a.ts'),
    file('src/server/keys/d.ts', './c.ts'),
  ];
  assert.equal(circles(files).length, 1);
  assert.deepEqual(circles(files.slice(1)), []);
});

test('a picture of the floors that is not the house is found', () => {
  const picture = SERVER_FLOORS.map((rooms) => rooms.map((room) => `${room}/`).join('  ')).join('\n');
  const document = `## Floors of the server\n\n\`\`\`\n${picture}\n\`\`\`\n`;
  assert.deepEqual(pictureFaults(document, ['keys']), []);
  assert.equal(pictureFaults(document, ['keys', 'cellar']).length, 1);
  assert.equal(pictureFaults(document.replace('keys/', 'locks/'), ['keys']).length, 1);
});
