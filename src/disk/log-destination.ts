/**
 * Standard error as the destination of a process's log. Invariant: a log that cannot be written harms nobody. Its
 * terminal may be closed and its disk full, and keys are still given out. Invisible characters in names are escaped.
 */
import { pino } from 'pino';
import { LOG_WAITING_BYTES_MAX } from '#domain/limits.ts';
import { readableJson } from '#domain/name.ts';

export function logDestination() {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: LOG_WAITING_BYTES_MAX });
  // Without a listener, it would end the process. Waiting lines are written with the first line that can be.
  destination.on('error', () => {});
  return { write: (line: string) => void destination.write(readableJson(line)) };
}
