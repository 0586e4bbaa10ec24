/** Whom the server tells that an approval is wanted: read from the configuration. Secrets are given as paths. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { MAIL_ADDRESS_LENGTH_MAX, MAIL_RECIPIENTS_MAX, WEBHOOKS_MAX } from '#domain/notice-limits.ts';
import { list, STOPS, text, whole } from '#protocol/forms.ts';
import { isMailAddress } from '#transport/notices/send-mail.ts';

const Path = text(PATH_LENGTH_MAX, 1);
const MailAddress = text(MAIL_ADDRESS_LENGTH_MAX).refine(isMailAddress, {
  ...STOPS,
  message: 'must be a plain mail address, like name@example.org',
});
/** Enough for the receivers on this machine. */
const ADDRESSES_ALLOWED_MAX = 20;

/** Addresses of this machine or its link that a webhook may lead to. */
export const WebhookAddresses = list(
  text(NAME_LENGTH_MAX).refine((given) => isIP(given) !== 0, {
    ...STOPS,
    message: 'must be an IP address',
  }),
  ADDRESSES_ALLOWED_MAX,
).default([]);

export const NoticesForm = z.strictObject({
  webhooks: list(z.strictObject({ url: text(PATH_LENGTH_MAX, 1), secretFile: Path }), WEBHOOKS_MAX).default(
    [],
  ),
  smtp: z
    .strictObject({
      host: text(NAME_LENGTH_MAX, 1),
      port: whole(1, 65_535),
      tls: z.enum(['implicit', 'starttls']).default('starttls'),
      user: text(NAME_LENGTH_MAX, 1).optional(),
      passwordFile: Path.optional(),
      from: MailAddress,
    })
    .optional(),
  mailTo: list(MailAddress, MAIL_RECIPIENTS_MAX).default([]),
  allowAddresses: WebhookAddresses,
  /** Authorities of the organisation's own, PEM: the certificates of receivers are from these, and no others. */
  caFile: Path.optional(),
});

export interface NoticeSettings {
  readonly webhooks: readonly { readonly url: URL; readonly secretFile: string }[];
  readonly smtp:
    | (Omit<NonNullable<z.infer<typeof NoticesForm>['smtp']>, 'passwordFile'> & {
        readonly passwordFile: string | undefined;
      })
    | undefined;
  readonly mailTo: readonly string[];
  readonly allowAddresses: readonly string[];
  readonly caFile: string | undefined;
}

/** Throws `invalid-argument`. */
export function noticesOf(file: z.infer<typeof NoticesForm> | undefined): NoticeSettings {
  const { webhooks, smtp, mailTo, allowAddresses, caFile } = file ?? NoticesForm.parse({});
  if (mailTo.length > 0 && smtp === undefined) {
    throw new KeystairError(
      'invalid-argument',
      'notices.mailTo names people, and no mail server is configured',
      {
        nextStep: 'set notices.smtp in the configuration, or leave notices.mailTo out',
      },
    );
  }
  return {
    webhooks: webhooks.map(({ url, secretFile }) => ({
      url: webhookUrl(url, 'notices.webhooks'),
      secretFile: resolve(secretFile),
    })),
    smtp:
      smtp === undefined
        ? undefined
        : { ...smtp, passwordFile: smtp.passwordFile === undefined ? undefined : resolve(smtp.passwordFile) },
    mailTo,
    allowAddresses,
    caFile: caFile === undefined ? undefined : resolve(caFile),
  };
}

/** @param where it stands in the configuration. Throws `invalid-argument`. */
export function webhookUrl(given: string, where: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
  throw new KeystairError('invalid-argument', `an address in ${where} is none that a webhook can have`, {
    nextStep: 'write it like https://chat.example/hooks/keystair, without a user or a password',
  });
}
