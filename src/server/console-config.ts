/**
 * The configuration of the people's listener: where it listens, the address by which people reach it, and its
 * certificate. Invariant: without TLS it listens on a loopback address only.
 */
import type { BlockList } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { list, text } from '#protocol/forms.ts';
import { type Address, isLoopback, isWildcard, parseAddress } from '#transport/address.ts';
import type { CertificateFiles } from './http/people/console-certificate.ts';
import { type ConsoleAddress, readConsoleUrl, readTrustedProxies } from './http/people/console-site.ts';

/** More proxies than any office has. */
const TRUSTED_PROXIES_MAX = 100;
const PLAIN = /^http:\/\//;
const Path = text(PATH_LENGTH_MAX, 1);

export const ConsoleForm = z.strictObject({
  listen: text(NAME_LENGTH_MAX).optional(),
  /** The address that people use, if it differs, for example that of a proxy. */
  url: text(NAME_LENGTH_MAX).optional(),
  certificateFile: Path.optional(),
  keyFile: Path.optional(),
  /** Whether `/metrics` is served, to callers who may see the server's status. */
  metrics: z.boolean().default(false),
  /** Addresses and subnets of proxies whose X-Forwarded-For counts. */
  trustedProxies: list(text(NAME_LENGTH_MAX), TRUSTED_PROXIES_MAX).default([]),
});

export interface ConsoleConfig extends ConsoleAddress {
  readonly files: CertificateFiles | undefined;
  readonly trustedProxies: BlockList;
  readonly metrics: boolean;
}

/** @param address of the server; people reach a listener on every address by the same host. */
export function consoleOf(
  option: string | undefined,
  file: z.infer<typeof ConsoleForm> | undefined,
  address: string | undefined,
): ConsoleConfig | undefined {
  const text = option ?? file?.listen;
  if (text === undefined) {
    if (file === undefined) return undefined;
    throw new KeystairError(
      'invalid-argument',
      'the configuration of the console does not say where it listens',
      {
        nextStep: 'set console.listen to HOST:PORT in the configuration, or give --console HOST:PORT',
      },
    );
  }
  const secure = !PLAIN.test(text);
  const listen = parseAddress(text.replace(/^https?:\/\//, ''));
  if (!secure && !isLoopback(listen.host)) {
    throw new KeystairError(
      'invalid-argument',
      `without TLS the console listens on a loopback address only, and ${listen.host} is not one`,
      { nextStep: 'write HOST:PORT for TLS, or http://127.0.0.1:PORT for a proxy on this machine' },
    );
  }
  const { certificateFile, keyFile } = file ?? {};
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw new KeystairError(
      'invalid-argument',
      'the console needs both a certificate and a key, and has only one of them',
      {
        nextStep: 'set both console.certificateFile and console.keyFile in the configuration, or neither',
      },
    );
  }
  const url = file?.url === undefined ? undefined : readConsoleUrl(file.url);
  return {
    secure,
    listen,
    url: url ?? reachedBy(listen, address, secure),
    files:
      certificateFile === undefined || keyFile === undefined
        ? undefined
        : { certificateFile: resolve(certificateFile), keyFile: resolve(keyFile) },
    trustedProxies: readTrustedProxies(file?.trustedProxies ?? []),
    metrics: file?.metrics ?? false,
  };
}

/** Undefined if people use the address it listens on. */
function reachedBy(listen: Address, address: string | undefined, secure: boolean): string | undefined {
  if (!isWildcard(listen)) return undefined;
  if (address === undefined || listen.port === 0) {
    throw new KeystairError(
      'invalid-argument',
      `${listen.host} means every address of this machine, which no browser can open`,
      { nextStep: 'set console.url in the configuration to the address that people will use' },
    );
  }
  const { host } = parseAddress(address);
  return readConsoleUrl(
    `http${secure ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${listen.port}`,
  );
}
