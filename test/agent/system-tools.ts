/**
 * System tools that tests run beside ours. At a desk without one the test is skipped and says what to install; in CI it
 * runs and fails, so that a missing tool cannot pass for a passed test.
 */
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { TOOL_FOLDERS } from '#agent/drives/run-tool.ts';

const PACKAGES: Readonly<Record<string, string>> = {
  promtool: 'prometheus',
  age: 'age',
  'age-keygen': 'age',
  cryptsetup: 'cryptsetup-bin',
  blkid: 'util-linux',
  losetup: 'mount',
  mkswap: 'util-linux',
  'mkfs.ext4': 'e2fsprogs',
  rsyslogd: 'rsyslog, rsyslog-openssl',
};

export function toolPath(name: string): string | undefined {
  return TOOL_FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** For the `skip` option of a test. */
export function unlessInstalled(...names: readonly string[]): string | false {
  if (process.env['CI'] !== undefined) return false;
  const missing = names.filter((name) => toolPath(name) === undefined);
  return missing.length === 0
    ? false
    : `install ${[...new Set(missing.map((name) => PACKAGES[name] ?? name))].join(', ')} to run this`;
}

/** Runs a tool to success and returns what it printed. */
export function stock(name: string, args: readonly string[], options: ExecFileSyncOptions = {}): Buffer {
  const path = toolPath(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return Buffer.from(execFileSync(path, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options }));
}
