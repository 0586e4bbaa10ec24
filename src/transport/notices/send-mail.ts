/**
 * Sends one mail to one address.
 *
 * Invariants: over TLS or not at all. An address is plain ASCII of one form, checked before the library sees it, so that
 * nothing in it is a second address, a command or a header; the library reads no file and no URL.
 */
import { MAIL_ADDRESS_LENGTH_MAX, NOTICE_MS_MAX } from '#domain/notice-limits.ts';

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const ADDRESS = new RegExp(
  `^[A-Za-z0-9_+-]{1,64}(?:\\.[A-Za-z0-9_+-]{1,64}){0,8}@${LABEL}(?:\\.${LABEL}){0,8}$`,
);

export function isMailAddress(text: string): boolean {
  return text.length <= MAIL_ADDRESS_LENGTH_MAX && ADDRESS.test(text);
}

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte. `starttls`: asked for, and refused where it is not given. */
  readonly tls: 'implicit' | 'starttls';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  /** Trusted in place of the usual authorities, PEM. */
  readonly ca?: string | undefined;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same at every attempt. */
  readonly id: string;
}

/** Throws where the server did not take it. */
export async function sendMail(server: MailServer, { to, subject, text, id }: Mail): Promise<void> {
  if (!isMailAddress(to) || !isMailAddress(server.from))
    throw new Error('a mail address is not of plain form');
  const { host, port, tls, user, password, ca } = server;
  // Loaded when the first mail goes: most servers send none.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: true,
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    ...(user === undefined || password === undefined ? {} : { auth: { user, pass: password } }),
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: NOTICE_MS_MAX,
    greetingTimeout: NOTICE_MS_MAX,
    socketTimeout: NOTICE_MS_MAX,
  });
  try {
    await transport.sendMail({
      from: server.from,
      to,
      subject,
      text,
      messageId: `<${id}@${server.from.slice(server.from.indexOf('@') + 1)}>`,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}
