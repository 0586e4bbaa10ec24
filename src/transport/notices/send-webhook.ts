/**
 * Sends one notice to a webhook, signed as Standard Webhooks 1.0.0 says: HMAC-SHA-256 over id, time and body, so that the
 * receiver knows who sent it, and that it is not an old one.
 *
 * Invariants: TLS, verified as anywhere. No redirect is followed, and no answer is read.
 */
import { createHmac } from 'node:crypto';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { NOTICE_MS_MAX } from '#domain/notice-limits.ts';
import { isReachable, reachableLookup, unreachable } from './reachable-address.ts';

/** What a secret begins with that is written in base64. */
const SECRET_PREFIX = 'whsec_';

export interface WebhookCall {
  readonly url: URL;
  readonly secret: string;
  /** The same at every attempt. */
  readonly id: string;
  /** Unix ms. */
  readonly now: number;
  readonly body: string;
  readonly allowed: readonly string[];
  /** Trusted in place of the usual authorities, PEM. */
  readonly ca?: string | undefined;
}

function signWebhook({ secret, id, now, body }: Omit<WebhookCall, 'url' | 'allowed'>): string {
  const key = secret.startsWith(SECRET_PREFIX)
    ? Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');
  const seconds = Math.floor(now / 1000);
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

/** Throws where the receiver did not take it; the message quotes nothing that the receiver sent. */
export function sendWebhook(call: WebhookCall): Promise<void> {
  const { url, id, now, body, allowed, ca } = call;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // An address is not looked up.
  if (isIP(host) !== 0 && !isReachable(host, allowed)) return Promise.reject(unreachable(host));
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        lookup: reachableLookup(allowed),
        signal: AbortSignal.timeout(NOTICE_MS_MAX),
        agent: false,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now / 1000)),
          'webhook-signature': signWebhook(call),
        },
        ...(ca === undefined ? {} : { ca }),
      },
      (answer) => {
        const { statusCode = 0 } = answer;
        answer.destroy();
        if (statusCode >= 200 && statusCode < 300) resolve();
        else reject(new Error(`the receiver answered with status ${statusCode}`));
      },
    );
    sent.on('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new Error(cause.name === 'AbortError' ? 'the receiver did not answer in time' : cause.message, {
          cause,
        }),
      );
    });
    sent.end(body);
  });
}
