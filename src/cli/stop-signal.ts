/**
 * The signals that ask for an end, as one abort signal: SIGINT, SIGTERM, and SIGHUP, which comes when the terminal is
 * closed. The second SIGINT or SIGTERM kills: a person who asks twice does not want to wait. A closed terminal may send
 * two hang-ups by itself, so further ones change nothing.
 */
import { environment } from './environment.ts';

let stop: AbortController | undefined;

const { hangUpIgnored: outlivesTerminal } = environment;

/** Call it at the start of the process. */
export function outliveTerminal(): void {
  if (outlivesTerminal) process.on('SIGHUP', () => {});
}

/** Before the first call, the signals end the process as usual. */
export function stopSignal(): AbortSignal {
  if (stop !== undefined) return stop.signal;
  stop = new AbortController();
  const end = (): void => stop?.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  if (!outlivesTerminal) process.on('SIGHUP', end);
  return stop.signal;
}
