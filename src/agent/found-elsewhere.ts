/** Keys that are not on this device: the device asks its server for them with the claim that lies beside the data. */
import { KeystairError } from '#domain/errors.ts';
import { explainRefusal, type LookupRefusal } from '#domain/lookup.ts';
import type { ServerName } from '#domain/server-name.ts';

/** The refusal of a lookup as a failure that a person can act on. */
export function unavailable(keyId: string, refusal: LookupRefusal): KeystairError {
  const { sentence, nextStep } = explainRefusal(refusal);
  return new KeystairError('key-unavailable', `key ${keyId} is not available: ${sentence}`, {
    nextStep,
    details: { reason: refusal.reason, at: refusal.at, asked: refusal.asked },
  });
}

/** `server` where the device's own server had it, else the name of the server that did. */
export function sourceName(own: ServerName, source: ServerName): string {
  return source.id === own.id ? 'server' : source.name;
}
