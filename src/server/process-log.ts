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
