/** An office whose server changes its seals, and all that must hold while that server is sealed. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { REFUSED } from '#test/sentences/refused.ts';
import { type Device, type Json, organisation, refusedWith, type Server } from './organisation.ts';

export const place = organisation('sealed', { passwords: 'cheap' });
export const PASSPHRASE = 'lantern quiver mossy eleven trombone';
export const passphraseFile = place.path('passphrase');
export const wrongFile = place.path('wrong-passphrase');
writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
writeFileSync(wrongFile, 'lantern quiver mossy eleven trombones', { mode: 0o600 });

export interface Office {
  readonly server: Server;
  readonly device: Device;
  /** Encrypted before anything changed. */
  readonly file: string;
}

export async function office(name: string, args: readonly string[] = []): Promise<Office> {
  const server = await place.server(name, { args });
  const device = await place.enrol(`${name} laptop`, server);
  const file = place.path(`${name}.age`);
  await device.encrypt('what is inside', file);
  return { server, device, file };
}

export function sealIds(shown: Json): string[] {
  return (shown['seals'] as { id: string }[]).map(({ id }) => id);
}

/** Reads its own file again: the device asks its server, which has to be open for it. */
export async function lookupWorks({ device, file }: Office, by: string): Promise<void> {
  await device.heartbeat();
  assert.equal(await device.textOf(file), 'what is inside');
  await device.encrypt('custody works too', place.path(`${by}.new.age`));
}

function connects(listen: string): Promise<boolean> {
  const [host = '', port] = listen.split(':');
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Asserts all that a sealed server may and may not do. @param listen where it listened before. */
export async function isSealed({ server, device }: Office, listen: string): Promise<Json> {
  const state = await server.done(['server', 'status']);
  assert.equal(state['sealed'], true);
  assert.equal((state['server'] as { id: string }).id, server.id);
  assert.match(String(state['nextStep']), REFUSED['server-sealed'].unseal);
  assert.equal(await connects(listen), false, 'nobody listens for machines');
  refusedWith(await device.run(['heartbeat']), 'server-unreachable');
  for (const args of [
    ['keys', 'list'],
    ['devices', 'invite'],
    ['server', 'settings'],
    ['server', 'seals'],
    ['server', 'rotate-data-key'],
    ['keys', 'export', '--out', place.path('never.age'), '--password-file', passphraseFile],
    ['server', 'backup', place.path('never.backup'), '--password-file', passphraseFile],
  ]) {
    const ran = await server.run(args);
    assert.equal(ran.status, 1, args.join(' '));
    assert.match(ran.stderr, REFUSED['server-sealed'].unsealInFull);
  }
  assert.ok(!existsSync(place.path('never.age')));
  assert.match(server.log, /keystair: server-sealed: /, 'a person at the terminal is told');
  return state;
}
