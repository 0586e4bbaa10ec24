/** A mail server as small as can be: it takes what it is given, over TLS from the first byte, or in the clear. */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { atTheEnd } from '#test/support/at-the-end.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';

export interface SmtpServer {
  readonly port: number;
  /** Everything that was sent to it, line by line. */
  readonly heard: string[];
}

export async function smtpServer(credentials?: TlsCredentials): Promise<SmtpServer> {
  const heard: string[] = [];
  const talk = (socket: Socket): void => {
    let inData = false;
    let rest = '';
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 here');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop()!;
      for (const line of lines) {
        heard.push(line);
        if (inData) {
          if (line !== '.') continue;
          inData = false;
          say('250 taken');
        } else if (line === 'DATA') {
          inData = true;
          say('354 go on');
        } else say(line === 'STARTTLS' ? '502 none here' : line === 'QUIT' ? '221 bye' : '250 fine');
      }
    });
  };
  const server =
    credentials === undefined
      ? createServer(talk)
      : createTls({ cert: credentials.certificatePem, key: credentials.privateKeyPem }, talk);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => server.close());
  return { port: (server.address() as AddressInfo).port, heard };
}
