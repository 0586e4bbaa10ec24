/** The log of a server's process, on standard error, and the end of a process that must not write any more. */
import { pino } from 'pino';
import { logDestination } from '#disk/log-destination.ts';
import type { KeystairError } from '#domain/errors.ts';
import { readable } from '#domain/name.ts';
import type { Log } from './environment/environment.ts';

export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    logDestination(),
  );
}

/** The state of the disk is no longer known: report that and end, without a further write. */
export function endProcess(log: Log): (error: KeystairError) => never {
  return (error) => {
    log.error({ event: 'fatal', code: error.code, because: error.sentence }, 'the server ends');
    process.stderr.write(`keystair: ${error.code}: ${readable(error.sentence)}\n`);
    process.exit(1);
  };
}

/** While a database is away every call meets it; the log tells of it now and then. */
const TROUBLE_MS = 10_000;

/** For what a store meets and no caller is told. */
export function logTrouble(log: Log, clock: () => number = Date.now): (error: KeystairError) => void {
  let toldAt = -Infinity;
  return (error) => {
    if (clock() - toldAt < TROUBLE_MS) return;
    toldAt = clock();
    log.error(
      { event: 'store-trouble', code: error.code, because: error.sentence },
      'the store does not answer',
    );
  };
}
