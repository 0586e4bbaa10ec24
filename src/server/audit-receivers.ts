/**
 * The receivers of the audit log: a file, syslog, a webhook, as configured. What is secret, and what is renewed, is read
 * when it is needed.
 */
import { readGuardedSecret, readOpenFile } from '#disk/named-file.ts';
import { LineFile } from '#disk/line-file.ts';
import { FORWARD_FILE_CONFIRM_MS, FORWARD_SYSLOG_CONFIRM_MS } from '#domain/forwarding-limits.ts';
import { CERTIFICATE_FILE_BYTES_MAX, NOTICE_SECRET_BYTES_MAX } from '#domain/notice-limits.ts';
import { readableJson } from '#domain/name.ts';
import type { ServerName } from '#domain/server-name.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import { SyslogConnection } from '#transport/forwarding/syslog-connection.ts';
import { syslogFrame } from '#transport/forwarding/syslog-message.ts';
import { sendWebhook } from '#transport/notices/send-webhook.ts';
import type { Clock } from './environment/environment.ts';
import type { FileSettings, ForwardSettings, SyslogSettings, WebhookSettings } from './forwarding-config.ts';
import type { AuditReceiver, ForwardedLine } from './forwarding/receiver.ts';

export interface AuditReceiverPorts {
  readonly server: ServerName;
  readonly clock: Clock;
  /** This machine, as syslog names it. */
  readonly host: string;
}

type Sending = Pick<AuditReceiver, 'confirmAfterMs' | 'send' | 'confirm' | 'reset'>;

export function createAuditReceivers(
  settings: readonly ForwardSettings[],
  ports: AuditReceiverPorts,
): readonly AuditReceiver[] {
  return settings.map((one) => {
    const { name, kind, format, from } = one;
    return { name, kind, format, from, ...sendingTo(one, ports) };
  });
}

function sendingTo(settings: ForwardSettings, ports: AuditReceiverPorts): Sending {
  if (settings.kind === 'file') return toFile(settings);
  return settings.kind === 'syslog' ? toSyslog(settings, ports) : toWebhook(settings, ports);
}

function jsonOf({ body }: ForwardedLine): string {
  return readableJson(JSON.stringify(body));
}

function toFile({ path }: FileSettings): Sending {
  const file = new LineFile(path);
  return {
    confirmAfterMs: FORWARD_FILE_CONFIRM_MS,
    send: (lines) => file.append(lines.map(jsonOf)),
    confirm: () => file.flush(),
    reset: () => void file.close(),
  };
}

function toSyslog(
  { host, port, caFile, certificateFile, keyFile }: SyslogSettings,
  ports: AuditReceiverPorts,
): Sending {
  const connection = new SyslogConnection(() => ({
    host,
    port,
    ca: pem(caFile),
    certificate: pem(certificateFile),
    key: keyFile === undefined ? undefined : readGuardedSecret(keyFile, CERTIFICATE_FILE_BYTES_MAX),
  }));
  const frame = (line: ForwardedLine): Buffer =>
    syslogFrame({
      severity: line.severity,
      at: line.at,
      host: ports.host,
      name: line.event,
      number: line.number,
      software: 'keystair',
      version: PROGRAM_VERSION,
      json: jsonOf(line),
    });
  return {
    confirmAfterMs: FORWARD_SYSLOG_CONFIRM_MS,
    send: async (lines) => connection.send(Buffer.concat(lines.map(frame))),
    confirm: () => connection.confirm(),
    reset: () => connection.reset(),
  };
}

/** Its answer is the confirmation. */
function toWebhook(
  { url, secretFile, caFile, allowAddresses: allowed }: WebhookSettings,
  { server: { id, name }, clock }: AuditReceiverPorts,
): Sending {
  return {
    confirmAfterMs: 0,
    async send(lines) {
      const last = lines.at(-1)!;
      const events = lines.map(({ body }) => body);
      const now = clock();
      await sendWebhook({
        url,
        secret: readGuardedSecret(secretFile, NOTICE_SECRET_BYTES_MAX).trim(),
        id: `${lines[0]!.number}-${last.id}`,
        now,
        body: readableJson(
          JSON.stringify({
            type: 'audit.events',
            timestamp: new Date(now).toISOString(),
            data: { server: { id, name }, events },
          }),
        ),
        allowed,
        ca: pem(caFile),
      });
    },
    confirm: async () => undefined,
    reset: () => undefined,
  };
}

function pem(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readOpenFile(path, CERTIFICATE_FILE_BYTES_MAX);
}
