/** HAProxy in front of several processes of one server: TLS is passed through, and a process that is not ready is left out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from './kept-running.ts';

/** The one name of the console, whichever process answers. */
export const CONSOLE_HOST = 'keystair.example';

export interface Behind {
  /** HOST:PORT for members, and for people, whose listener says whether the process is ready. */
  readonly machines: string;
  readonly people: string;
}

export function makeFront(folder: string, port: number, behind: readonly Behind[]): Service {
  const servers = behind.map(
    ({ machines, people }, at) =>
      `  server process${at} ${machines} check port ${people.split(':')[1]} check-ssl verify none inter 2s fall 2 rise 1`,
  );
  const config = [
    'global',
    '  maxconn 1000',
    'defaults',
    '  mode tcp',
    '  timeout connect 2s',
    '  timeout client 2m',
    '  timeout server 2m',
    '  timeout tunnel 2m',
    'frontend members',
    `  bind 127.0.0.1:${port}`,
    '  default_backend processes',
    'backend processes',
    '  balance roundrobin',
    '  option httpchk',
    `  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host ${CONSOLE_HOST}`,
    '  option redispatch',
    ...servers,
    '',
  ].join('\n');
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config);
  return new Service({
    name: 'haproxy',
    program: 'haproxy',
    args: ['-db', '-f', file],
    log: join(folder, 'haproxy.log'),
  });
}
