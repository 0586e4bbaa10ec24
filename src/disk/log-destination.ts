/**
 * Standard error as the place of a process's log. Invariant: a log that cannot be written harms nobody. Its terminal may
 * be closed and its disk be full, and keys are given out all the same. And what cannot be seen in a name is escaped.
 */
import { pino } from 'pino';
import { LOG_WAITING_BYTES_MAX } from '#domain/limits.ts';
import { readableJson } from '#domain/name.ts';

export function logDestination() {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: LOG_WAITING_BYTES_MAX });
  // Unheard, it would end the process. What waits is written with the first line that can be.
  destination.on('error', () => {});
  return { write: (line: string) => void destination.write(readableJson(line)) };
}
