/** A real PKCS#11 token in software (Debian's softhsm2), in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';

/** For `skip`: what is missing, or false. */
export const noSoftToken: string | false = existsSync(MODULE) ? false : 'install softhsm2';

export interface SoftToken {
  readonly module: string;
  readonly label: string;
  readonly pin: string;
  /** Writes a server's configuration that names it, with or without its PIN's file; returns its path. */
  readonly config: (name: string, options?: { readonly pinFile?: string }) => string;
  /** As if it were pulled out. */
  readonly pullOut: () => void;
}

/** Its module reads its own settings from the environment: of this process, and of all that it starts. */
export function makeSoftToken(folder: string, label = 'keystair test', pin = '4711-0815'): SoftToken {
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens, { recursive: true });
  const settings = join(folder, 'softhsm2.conf');
  writeFileSync(
    settings,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env['SOFTHSM2_CONF'] = settings;
  execFileSync('softhsm2-util', [
    '--init-token',
    '--free',
    '--label',
    label,
    '--so-pin',
    '87654321',
    '--pin',
    pin,
  ]);
  return {
    module: MODULE,
    label,
    pin,
    config(name, { pinFile } = {}) {
      const path = join(folder, name);
      const pkcs11 = { module: MODULE, ...(pinFile === undefined ? {} : { pinFile }) };
      writeFileSync(path, JSON.stringify({ pkcs11 }));
      return path;
    },
    pullOut: () => {
      rmSync(tokens, { recursive: true });
      mkdirSync(tokens);
    },
  };
}
