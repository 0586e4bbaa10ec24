/** Where the server forwards its audit log to: read from the configuration. Secrets are given as paths. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { FORWARD_NAME, FORWARD_RECEIVERS_MAX } from '#domain/forwarding-limits.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { list, matching, text, whole } from '#protocol/forms.ts';
import { EVENT_FORMATS } from './forwarding/receiver.ts';
import { WebhookAddresses, webhookUrl } from './notice-config.ts';

const Path = text(PATH_LENGTH_MAX, 1);
const SYSLOG_PORT = 6514;

const EVERY = {
  name: matching(FORWARD_NAME, 'must be 1 to 63 small letters, digits and hyphens'),
  format: z.enum(EVENT_FORMATS).default('keystair'),
  /** Where a receiver begins that is new in the configuration. */
  from: z.enum(['beginning', 'now']).default('beginning'),
};
const ReceiverForm = z.discriminatedUnion('kind', [
  z.strictObject({ ...EVERY, kind: z.literal('file'), path: Path }),
  z.strictObject({
    ...EVERY,
    kind: z.literal('syslog'),
    host: text(NAME_LENGTH_MAX, 1),
    port: whole(1, 65_535).default(SYSLOG_PORT),
    /** Authorities that sign the receiver's certificate, PEM, in place of the usual ones. */
    caFile: Path.optional(),
    /** Ours, for a receiver that wants to know who sends. */
    certificateFile: Path.optional(),
    keyFile: Path.optional(),
  }),
  z.strictObject({
    ...EVERY,
    kind: z.literal('webhook'),
    url: text(PATH_LENGTH_MAX, 1),
    secretFile: Path,
    caFile: Path.optional(),
    allowAddresses: WebhookAddresses,
  }),
]);

export const AuditForm = z.strictObject({
  forward: list(ReceiverForm, FORWARD_RECEIVERS_MAX).default([]),
});

type Given = z.infer<typeof ReceiverForm>;
export type FileSettings = Extract<Given, { kind: 'file' }>;
export type SyslogSettings = Extract<Given, { kind: 'syslog' }>;
export type WebhookSettings = Omit<Extract<Given, { kind: 'webhook' }>, 'url'> & { readonly url: URL };
export type ForwardSettings = FileSettings | SyslogSettings | WebhookSettings;

/** Throws `invalid-argument`. */
export function forwardingOf(file: z.infer<typeof AuditForm> | undefined): readonly ForwardSettings[] {
  const given = file?.forward ?? [];
  const names = given.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    refuse(`audit.forward names ${twice} twice`, 'give each receiver a name of its own');
  return given.map((one) => {
    if (one.kind === 'file') return { ...one, path: resolve(one.path) };
    const caFile = one.caFile === undefined ? undefined : resolve(one.caFile);
    if (one.kind === 'webhook') {
      const url = webhookUrl(one.url, 'audit.forward');
      return { ...one, caFile, url, secretFile: resolve(one.secretFile) };
    }
    const { certificateFile, keyFile } = one;
    if ((certificateFile === undefined) !== (keyFile === undefined))
      refuse(`audit.forward has half a pair for ${one.name}`, 'set certificateFile and keyFile, or neither');
    if (isIP(one.host) === 0 && !/^[A-Za-z0-9.-]+$/.test(one.host))
      refuse(`audit.forward has a host for ${one.name} that is none`, 'write it like siem.example');
    return {
      ...one,
      caFile,
      certificateFile: certificateFile === undefined ? undefined : resolve(certificateFile),
      keyFile: keyFile === undefined ? undefined : resolve(keyFile),
    };
  });
}

function refuse(sentence: string, nextStep: string): never {
  throw new KeystairError('invalid-argument', sentence, { nextStep });
}
