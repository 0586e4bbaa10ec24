/** What a server in this process is handed where nothing of it is looked at. */
import { randomBytes } from 'node:crypto';
import type { KeystairError } from '#domain/errors.ts';
import type { Log, Timers } from '#server/environment/environment.ts';

export const clock = (): number => Date.now();
export const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

export const timers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export function onFatal(error: KeystairError): never {
  throw error;
}
