/** Binds a listener to an address that an operator named, and says why it cannot. */
import type { Server } from 'node:net';
import { KeystairError } from '#domain/errors.ts';
import type { Address } from '#transport/address.ts';

const BECAUSE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program is listening there',
  EADDRNOTAVAIL: 'it is not an address of this machine',
  EACCES: 'this user may not listen on that port',
  ENOTFOUND: 'there is no host with that name',
};

export function bind(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: host === '*' ? '::' : host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @param option that names another address. Throws `invalid-argument`. */
export async function requireBind(server: Server, address: Address, option: string): Promise<void> {
  try {
    await bind(server, address);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KeystairError(
      'invalid-argument',
      `cannot listen on ${address.host}:${address.port}: ${BECAUSE[code ?? ''] ?? String(code)}`,
      { nextStep: `choose another with ${option} HOST:PORT; port 0 picks a free one`, cause },
    );
  }
}
