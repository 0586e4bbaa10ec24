/**
 * The port of the machines' listener. Port 0 picks one, and the next start picks the same one if it is free: members
 * hold the last address.
 */
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Store } from '#store/store.ts';
import type { Address } from '#transport/address.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';
import { bind, requireBind } from '../bind.ts';

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
  if (last === undefined || !(await tryListen(server, { ...listen, port: last.port }))) {
    await requireBind(server, listen, '--listen');
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

async function tryListen(server: Server, address: Address): Promise<boolean> {
  try {
    await bind(server, address);
    return true;
  } catch {
    return false;
  }
}
