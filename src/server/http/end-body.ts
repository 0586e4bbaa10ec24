/** Ends a body that never ends, and its connection: otherwise a slow sender could hold the connection for ever. */
import type { IncomingMessage } from 'node:http';

export function endBodyAfter(body: IncomingMessage, ms: number): void {
  const timer = setTimeout(() => body.destroy(), ms);
  timer.unref();
  const over = (): void => clearTimeout(timer);
  body.once('end', over);
  body.once('close', over);
}
