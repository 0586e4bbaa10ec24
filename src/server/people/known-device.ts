/**
 * A known device: a browser in which a person signed in before, recognised by a cookie of its own. The cookie opens
 * nothing. It only distinguishes its owner from strangers who guess at the same name.
 *
 * Invariant: it is valid for one person and their present credentials, and expires.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { KNOWN_DEVICE_MS } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { type Random, uuidFrom } from '../environment/environment.ts';

const PURPOSE = 'people/known-device';

interface KnownDevice {
  readonly id: string;
  readonly person: string;
  readonly generation: number;
  readonly at: number;
}

/** @param before the device's earlier id, which it keeps. */
export function sealKnownDevice(
  { barrier, random }: { readonly barrier: Barrier; readonly random: Random },
  { id: person, generation }: PersonRow,
  at: number,
  before: string | undefined,
): string {
  const device: KnownDevice = { id: before ?? uuidFrom(random), person, generation, at };
  const sealed = barrier.seal(PURPOSE, '', Buffer.from(JSON.stringify(device)));
  return Buffer.from(sealed).toString('base64url');
}

/** The device's id, if this person is known to use it. */
export function knownDeviceOf(
  barrier: Barrier,
  token: string | undefined,
  person: PersonRow | undefined,
  now: number,
): string | undefined {
  if (token === undefined || person === undefined) return undefined;
  let device: KnownDevice;
  try {
    const opened = barrier.open(PURPOSE, '', Buffer.from(token, 'base64url'));
    device = parseJson(Buffer.from(opened).toString('utf8'), ROW_JSON) as KnownDevice;
  } catch {
    return undefined;
  }
  const age = now - device.at;
  const isTheirs = device.person === person.id && device.generation === person.generation;
  return isTheirs && age >= 0 && age <= KNOWN_DEVICE_MS ? device.id : undefined;
}
