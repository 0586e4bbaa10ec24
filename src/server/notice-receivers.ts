/** The receivers of notices: webhooks and mail addresses, as configured. What is secret is read when it is needed. */
import { readGuardedSecret, readOpenFile } from '#disk/named-file.ts';
import { CERTIFICATE_FILE_BYTES_MAX, NOTICE_SECRET_BYTES_MAX } from '#domain/notice-limits.ts';
import type { ServerName } from '#domain/server-name.ts';
import { sendMail } from '#transport/notices/send-mail.ts';
import { sendWebhook } from '#transport/notices/send-webhook.ts';
import type { Clock } from './environment/environment.ts';
import type { NoticeSettings } from './notice-config.ts';
import { noticeBody, noticeMail } from './notices/notice.ts';
import type { Receiver } from './notices/notices.ts';

export interface ReceiverPorts {
  readonly server: ServerName;
  readonly clock: Clock;
  readonly consoleUrl: () => string | null;
}

export function createReceivers(
  { webhooks, smtp, mailTo, allowAddresses: allowed, caFile }: NoticeSettings,
  { server, clock, consoleUrl }: ReceiverPorts,
): readonly Receiver[] {
  const ca = (): string | undefined =>
    caFile === undefined ? undefined : readOpenFile(caFile, CERTIFICATE_FILE_BYTES_MAX);
  return [
    ...webhooks.map(
      ({ url, secretFile }, index): Receiver => ({
        // The path may hold what lets a program post there.
        name: `webhook ${index + 1}, ${url.host}`,
        send: (id, notice) =>
          sendWebhook({
            url,
            secret: readGuardedSecret(secretFile, NOTICE_SECRET_BYTES_MAX).trim(),
            id,
            now: clock(),
            body: noticeBody(notice, server, consoleUrl()),
            allowed,
            ca: ca(),
          }),
      }),
    ),
    ...(smtp === undefined ? [] : mailTo).map(
      (to): Receiver => ({
        name: `mail, ${to}`,
        send: (id, notice) => {
          const { passwordFile, ...rest } = smtp!;
          const password =
            passwordFile === undefined ? undefined : readGuardedSecret(passwordFile, NOTICE_SECRET_BYTES_MAX);
          return sendMail(
            { ...rest, password, ca: ca() },
            { to, id, ...noticeMail(notice, server, consoleUrl()) },
          );
        },
      }),
    ),
  ];
}
