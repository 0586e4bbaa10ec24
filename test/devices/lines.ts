/** A socket to a program that we start, which connects to us and speaks in lines. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface Lines {
  send(line: string): void;
}

/** @param hear each line, as it comes. Resolves when the other end has connected. */
export async function listenForLines(
  path: string,
  hear: (line: string) => void,
): Promise<{ readonly connected: Promise<Lines> }> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const connected = once(server, 'connection').then(([socket]: Socket[]): Lines => {
    server.close();
    // A program that ended is noticed by whoever started it.
    socket!.on('error', () => undefined);
    createInterface(socket!).on('line', hear);
    return { send: (line) => void socket!.write(`${line}\n`) };
  });
  return { connected };
}
