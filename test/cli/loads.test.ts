/**
 * A command loads what it needs and no more: most of a short command's time goes into loading, and one careless import
 * at the top of a file brings it back for every command.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { beginKeystair, type Ran, runKeystair } from '#test/support/run-keystair.ts';
import { startServer } from '#test/support/running-server.ts';

const under = ['env', `NODE_OPTIONS=--import=${join(import.meta.dirname, 'loads-process.ts')}`];
const inFolder = temporaryFolder('loads');
const data = inFolder('data');
const state = inFolder('state');
/** What the agent needs of packages where it makes or opens a file. */
const AGE = ['age-encryption', '@noble/', '@scure/'];

function packagesIn(log: string): string[] {
  const [, packages] = /^loaded: (.*)$/m.exec(log) ?? [];
  assert.ok(packages !== undefined, log);
  return packages.split(' ').filter((name) => name !== '');
}

function done({ status, stdout, stderr }: Ran): string {
  assert.equal(status, 0, stderr);
  return stdout;
}

/** @returns the packages that `keystair …` loads, once it has ended well. */
async function packagesOf(...args: readonly string[]): Promise<string[]> {
  const ran = await beginKeystair(args, { under }).ended;
  done(ran);
  return packagesIn(ran.stderr);
}

let ofServer: string[];
let ofKeysList: string[];

before(async () => {
  const server = await startServer(data, ['--name', 'Oslo'], { under });
  const invited = done(await runKeystair(['devices', 'invite', '--data', data, '--json']));
  const { invitation } = JSON.parse(invited) as { invitation: string };
  done(await runKeystair(['agent', 'enrol', '-', '--state', state], { stdin: invitation }));
  ofKeysList = await packagesOf('keys', 'list', '--data', data);
  writeFileSync(inFolder('plain'), 'text');
  done(await runKeystair(['agent', 'encrypt-file', inFolder('plain'), inFolder('age'), '--state', state]));
  await server.stop();
  ofServer = packagesIn(server.log());
});

test('help and wrong usage load no package', async () => {
  assert.deepEqual(await packagesOf('--help'), []);
  assert.deepEqual(await packagesOf('server', 'start', '--help'), []);
});

test('a command about a server loads the schemas of what travels, and no cipher and no listener', () => {
  assert.deepEqual(ofKeysList, ['zod']);
});

test('the agent loads no package where it only looks into its state', async () => {
  assert.deepEqual(await packagesOf('agent', 'status', '--state', state), []);
});

test("a file is encrypted with a key at hand by age's packages alone: no server is asked", async () => {
  const args = ['agent', 'encrypt-file', inFolder('plain'), inFolder('again'), '--state', state];
  const others = (await packagesOf(...args)).filter((name) => !AGE.some((its) => name.startsWith(its)));
  assert.deepEqual(others, []);
});

test('a server starts without the ciphers of files, the lists of passwords, the libraries of other seals and compilers of schemas', () => {
  const needed = ['fastify', 'pino', 'zod'];
  assert.deepEqual(
    needed.filter((name) => !ofServer.includes(name)),
    [],
  );
  const unneeded = [
    ...AGE,
    '@zxcvbn-ts/',
    'shamir-secret-sharing',
    'pkcs11js',
    'ajv',
    'fetch',
    'zod-languages',
  ];
  assert.deepEqual(
    ofServer.filter((name) => unneeded.some((other) => name.startsWith(other))),
    [],
  );
});
