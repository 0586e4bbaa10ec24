/**
 * The port of the machines' listener. Port 0 picks one, and the next start picks the same one if it is free: members
 * hold the last address.
 */
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KeystairError } from '#domain/errors.ts';
import type { Store } from '#store/store.ts';
import type { Address } from '#transport/address.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';

interface ListenRow {
  readonly port: number;
}

/** Resolves as soon as it listens, so that a caller in that moment also learns the address. */
export async function listenOnPort(
  server: Server,
  listen: Address,
  rows: TrustedRows,
  store: Store,
): Promise<string> {
  const last = listen.port === 0 ? await rows.get<ListenRow>(store.reader, 'setting', 'listen') : undefined;
  if (last === undefined || !(await tryListen(server, listen.host, last.port))) {
    await requireListen(server, listen.host, listen.port);
  }
  const { port } = server.address() as AddressInfo;
  return `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
}

/** Stores the port for the next start. */
export async function rememberPort(server: Server, rows: TrustedRows, store: Store): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const last = await rows.get<ListenRow>(store.reader, 'setting', 'listen');
  if (last?.port === port) return;
  await store.write((transaction) =>
    rows.put(transaction, 'setting', 'listen', { port } satisfies ListenRow),
  );
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: host === '*' ? '::' : host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function tryListen(server: Server, host: string, port: number): Promise<boolean> {
  try {
    await bind(server, host, port);
    return true;
  } catch {
    return false;
  }
}

async function requireListen(server: Server, host: string, port: number): Promise<void> {
  try {
    await bind(server, host, port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      EADDRINUSE: 'another program listens there',
      EADDRNOTAVAIL: 'it is no address of this machine',
      EACCES: 'this user may not listen on that port',
      ENOTFOUND: 'there is no host of that name',
    };
    throw new KeystairError(
      'invalid-argument',
      `cannot listen on ${host}:${port}: ${why[code ?? ''] ?? String(code)}`,
      {
        nextStep: 'choose another with --listen HOST:PORT, port 0 picks a free one',
        cause,
      },
    );
  }
}
