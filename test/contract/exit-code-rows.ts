/** A server with a branch, a device and one file of each kind, and each command as a row that can be run there. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { before } from 'node:test';
import { commandsOf } from '#cli/command.ts';
import { loadNouns } from '#cli/nouns.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { type Device, organisation, type Server, setOption } from '#test/support/organisation.ts';
import { beginKeystair, type Ran } from '#test/support/run-keystair.ts';

export const place = organisation('exit-codes', { passwords: 'cheap' });
export const password = place.path('password');
export let oslo: Server;
export let lyon: Server;
export let device: Device;
let key: string;

before(async () => {
  [oslo, lyon] = await Promise.all([place.server('Oslo'), place.server('Lyon')]);
  await setOption(true, oslo, lyon);
  device = await place.enrol('PC', oslo);
  key = await device.encrypt('text', place.path('file.age'));
  writeFileSync(password, 'purple lantern harvest moss\n', { mode: 0o600 });
  writeFileSync(place.path('plain'), 'text');
  writeFileSync(place.path('recovery.csv'), 'kind,device,password\nother,NAS,sesame\n', { mode: 0o600 });
  writeFileSync(place.path('policy'), '{"fixedDrives":"require"}');
  writeFileSync(place.path('stick'), '');
  truncateSync(place.path('stick'), 32 * 1024 * 1024);
  await oslo.done(['keys', 'export', '--out', place.path('keys.age'), '--password-file', password]);
  await oslo.done(['server', 'backup', place.path('backup'), '--password-file', password]);
  writeFileSync(place.path('link'), (await oslo.call('inviteSecondary', {})).invitation);
  writeFileSync(place.path('invitation'), (await oslo.call('inviteDevice', {})).invitation);
});

/** A command with a stream of its own, as `sh` says it. */
export function runWith(redirected: string, args: readonly string[]): Promise<Ran> {
  return beginKeystair(args, { under: ['sh', '-c', `exec "$0" "$@" ${redirected}`] }).ended;
}

/** These are there to serve; what they do not get rid of is no result. */
const SERVE = ['server start', 'agent run'];
/** These need a PostgreSQL. */
const OF_DATABASES = ['server migrate', 'server accept-rollback'];
/** These need a request, and so people: where the output of all commands is written, theirs is too. */
const OF_REQUESTS = ['show', 'approve', 'deny', 'withdraw', 'acknowledge'].map((verb) => `approvals ${verb}`);
/** This needs an opened drive, and so a kernel with a device mapper. */
const OF_MAPPERS = ['agent close-drive'];
/** This needs a secondary that rewrote its past. */
const OF_GAPS = ['audit acknowledge'];

/** In this order: what one does with its output lost is done, and the next may build on it. */
export const ROWS = (): readonly (readonly [command: string, ...args: string[]])[] => {
  const [file, atOslo, atLyon, here] = [
    place.path,
    ['--data', oslo.data],
    ['--data', lyon.data],
    ['--state', device.state],
  ];
  const withPassword = ['--password-file', password];
  return [
    ['server status', ...atOslo],
    ['server settings', ...atOslo],
    ['server recipient', ...atOslo],
    ['server verify', ...atOslo],
    ['server seals', ...atOslo],
    ['server unseal', ...atOslo],
    ['server rotate-data-key', ...atOslo],
    ['server init-recovery', '--shares', '2', '--threshold', '2', ...atOslo],
    ['server add-seal', 'passphrase', ...withPassword, ...atLyon],
    ['server remove-seal', 'key-file', ...atLyon],
    ['server backup', '-', ...withPassword, ...atOslo],
    ['server backups', ...atOslo],
    ['server restore', file('backup'), ...withPassword, '--data', file('restored')],
    ['hierarchy invite', ...atOslo],
    ['hierarchy join', file('link'), ...atLyon],
    ['hierarchy heartbeat', ...atLyon],
    ['hierarchy show', ...atOslo],
    ['hierarchy allow-recovery', 'Lyon', ...atOslo],
    ['server recover-from-primary', ...atLyon],
    ['hierarchy set', 'Lyon', '--dmz', 'on', ...atOslo],
    ['hierarchy remove', 'Lyon', ...atOslo],
    ['hierarchy leave', ...atLyon],
    ['keys list', ...atOslo],
    ['keys show', key, ...atOslo],
    ['keys explain', key, ...atOslo],
    ['keys reveal', key, '--reason', 'a test', ...atOslo],
    ['keys export', '--out', '-', ...withPassword, ...atOslo],
    ['keys import-recovery', file('recovery.csv'), ...atLyon],
    ['keys import', file('keys.age'), ...withPassword, ...atLyon],
    ['agent request-file', file('file.age'), '--out', file('request'), ...here],
    ['keys answer', file('request'), '--reason', 'a test', '--out', file('answer'), ...atOslo],
    ['agent use-answer', file('answer'), file('file.age'), file('opened'), ...here],
    ['approvals list', ...atOslo],
    ['approvals rules', ...atOslo],
    ['audit list', ...atOslo],
    ['audit verify', ...atOslo],
    ['audit export', '-', ...atOslo],
    ['audit proof', '1', ...atOslo],
    ['audit checkpoint', ...atOslo],
    ['agent enrol', file('invitation'), '--state', file('new')],
    ['agent heartbeat', ...here],
    ['agent status', ...here],
    ['completion bash'],
    ['completion zsh'],
    ['completion fish'],
    ['agent encrypt-file', file('plain'), '-', ...here],
    ['agent decrypt-file', file('file.age'), '-', ...here],
    ['agent format-drive', file('stick'), ...here],
    ['agent rotate', file('stick'), ...here],
    ['agent drives', ...here],
    ['agent open-drive', file('stick'), '--test', ...here],
    ['agent adopt-drive', file('stick'), ...withPassword, ...here],
    ['agent take-recovery', password, '--kind', 'other', '--id', 'NAS', ...here],
    ['whoami', ...atOslo],
    ['logout', '--url', 'https://127.0.0.1:1'],
    ['roles list', ...atOslo],
    ['roles add', 'Enroller', '--right', 'Managed devices:Write', ...atOslo],
    ['roles show', 'Enroller', ...atOslo],
    ['roles set', 'Enroller', '--right', 'Managed devices:Read', ...atOslo],
    ['roles remove', 'Enroller', ...atOslo],
    ['people add', 'program', '--service', ...atOslo],
    ['people list', ...atOslo],
    ['people show', 'program', ...atOslo],
    ['people set', 'program', '--role', 'Auditor', ...atOslo],
    ['people reset', 'program', ...atOslo],
    ['people remove', 'program', ...atOslo],
    ['sessions list', ...atOslo],
    ['devices invite', ...atOslo],
    ['devices list', ...atOslo],
    ['devices show', 'PC', ...atOslo],
    ['devices coverage', ...atOslo],
    ['groups add', 'Lyon', ...atOslo],
    ['groups list', ...atOslo],
    ['groups rename', 'Lyon', '--name', 'Grenoble', ...atOslo],
    ['policies set', 'Grenoble', '--file', file('policy'), ...atOslo],
    ['policies show', 'Grenoble', ...atOslo],
    ['policies schema'],
    ['groups move', 'Grenoble', '--in', 'Oslo', ...atOslo],
    ['devices set', 'PC', '--group', 'Grenoble', ...atOslo],
    ['groups remove', 'Grenoble', '--move-up', ...atOslo],
    ['devices remove', 'PC', ...atOslo],
  ];
};

/** What a person who is signed in over the network does about themselves. */
const OWN = /^(login|sessions end|people (set-up|change-password|change-app|recovery-codes))$/;

/** Commands without a row; empty as long as nobody forgets one. */
export async function requireRowOfEveryCommand(): Promise<void> {
  const commands = commandsOf(await loadNouns())
    .filter(([words, { notYet }]) => !notYet && !OWN.test(words))
    .map(([words]) => words);
  assert.deepEqual(
    [
      ...SERVE,
      ...OF_DATABASES,
      ...OF_REQUESTS,
      ...OF_GAPS,
      ...OF_MAPPERS,
      ...ROWS().map(([command]) => command),
    ].toSorted(),
    commands.toSorted(),
  );
}

/** Every one of these rows fails while its output is closed, and says so. */
export async function requireFailures(
  rows: readonly (readonly [command: string, ...args: string[]])[],
): Promise<void> {
  for (const [command, ...args] of rows) {
    // Its own messages may come before.
    const { status, stderr } = await runWith('>&-', [...command.split(' '), ...args]);
    assert.equal(status, 1, `${command}: ${stderr}`);
    assert.match(stderr, REFUSED.interrupted.outputClosed, command);
  }
}
