/**
 * Takes recovery passwords of other systems into custody for their devices, which did not bring them themselves: a list of
 * another product, or a script of a device management.
 *
 * This server is the maker: origin is this server, and the claim is thrown away, so that only a reveal shows the password.
 * Invariants: all of a call or nothing; a password that is here already for its device, under its id, makes no new record.
 */
import { createHash } from 'node:crypto';
import { hashClaim } from '#domain/claim.ts';
import { checkKey, type CompleteKey, makeKey } from '#domain/encryption-key.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { BLIND_BYTES, CLAIM_BYTES } from '#domain/limits.ts';
import { readRecoveryId, readRecoveryText } from '#domain/recovery-password.ts';
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/server-name.ts';
import { uuidOfHex } from '#domain/uuid.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { Transaction } from '#store/transaction.ts';
import type { z } from 'zod';
import { isoTime } from '../environment/environment.ts';
import { findMember } from '../members/members.ts';
import { openStoredKey, publicFields, recordKeys } from '../records/record-keys.ts';
import type { ServerPorts } from '../repository/ports.ts';

export type TakePorts = Pick<
  ServerPorts,
  'audit' | 'barrier' | 'clock' | 'keysRecorded' | 'random' | 'rows' | 'server' | 'store' | 'wanted'
>;

type Given = z.output<PeopleRoutes['takeRecoveries']['request']>['recoveries'][number];

interface Recovery extends Pick<Given, 'kind' | 'serial'> {
  /** By which it is found and, with the device, told from others. */
  readonly id: string;
  readonly material: KeyMaterial;
  /** To whose keys it is recorded. */
  readonly device: ServerName;
  /** Under which others of its device may be here: as a managed device, and from before it was one. */
  readonly devices: readonly string[];
}

/** Keys of one device read at a time. */
const PAGE_KEYS = 500;

/** Throws `invalid-argument`, whose sentence says which entry and quotes no password. */
export async function takeRecoveries(
  ports: TakePorts,
  caller: Caller,
  { recoveries: given, dryRun = false }: z.output<PeopleRoutes['takeRecoveries']['request']>,
): Promise<PeopleAnswer<'takeRecoveries'>> {
  const read = given.map((one, at) => readGiven(one, at + 1));
  const recoveries: Recovery[] = [];
  for (const one of read) recoveries.push({ ...one, ...(await deviceOf(ports, one)) });
  const taken = await ports.store.write(async (transaction) => {
    const { made, answers } = await judge(ports, transaction, recoveries);
    const first = made[0];
    if (dryRun || first === undefined) return answers;
    const by = caller.id ?? caller.name;
    await recordKeys(
      ports,
      transaction,
      made.map((key) => checkKey(key)),
      `person:${by}`,
    );
    await ports.audit.append(transaction, [
      {
        event: 'recoveries-taken',
        by: caller.name,
        recorded: made.length,
        known: answers.length - made.length,
        first: first.key.id,
      },
    ]);
    return answers;
  });
  if (dryRun) {
    return {
      recoveries: taken.map(({ outcome, key }) => ({ outcome, key: outcome === 'new' ? null : key })),
      dryRun,
    };
  }
  if (taken.some(({ outcome }) => outcome === 'new')) ports.keysRecorded.raise();
  return { recoveries: taken, dryRun };
}

type Read = Omit<Recovery, 'device' | 'devices'> & { readonly name: string };

function readGiven({ kind, id, serial, device, password }: Given, entry: number): Read {
  try {
    return {
      kind,
      serial,
      name: device,
      id: id === undefined ? (serial ?? device) : readRecoveryId(kind, id),
      material: KeyMaterial.fromText(readRecoveryText(kind, password)),
    };
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    throw new KeystairError(error.code, `entry ${entry}, of ${device}: ${error.message}`, {
      nextStep:
        'nothing was recorded; compare the entry with where it comes from, and send all of them again',
    });
  }
}

/** The managed device of that name, if exactly one has it; else one that is known by its serial number or name alone. */
async function deviceOf(
  ports: TakePorts,
  { name, serial }: Read,
): Promise<Pick<Recovery, 'device' | 'devices'>> {
  const unmanaged = unmanagedId(ports.server, serial ?? name);
  try {
    const { id } = await findMember(ports, 'device', name);
    return { device: { id, name }, devices: [id, unmanaged] };
  } catch (error) {
    if (codeOf(error) !== 'not-found' && codeOf(error) !== 'ambiguous-name') throw error;
    return { device: { id: unmanaged, name }, devices: [unmanaged] };
  }
}

/** The same at every call, so that a repetition finds what is there. A UUID of version 8, RFC 9562. */
function unmanagedId(server: ServerName, name: string): string {
  const digest = createHash('sha256').update(`keystair/recovery-device/v1\0${server.id}\0${name}`).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return uuidOfHex(digest.toString('hex', 0, 16));
}

interface Answer {
  readonly outcome: 'new' | 'known';
  readonly key: string;
}

async function judge(
  ports: TakePorts,
  transaction: Transaction,
  recoveries: readonly Recovery[],
): Promise<{ readonly made: readonly CompleteKey[]; readonly answers: Answer[] }> {
  const held = new Map<string, CompleteKey[]>();
  const made: CompleteKey[] = [];
  const answers: Answer[] = [];
  for (const recovery of recoveries) {
    const { kind, id, serial, device, devices, material } = recovery;
    const there: CompleteKey[] = [];
    for (const one of devices) {
      if (!held.has(one)) held.set(one, await recoveriesOf(ports, transaction, one));
      there.push(
        ...held.get(one)!.filter(({ key }) => key.algorithm === kind && key.locator.recoveryId === id),
      );
    }
    const same = there.find((one) => Buffer.compare(one.material.expose(), material.expose()) === 0);
    if (same !== undefined) {
      answers.push({ outcome: 'known', key: same.key.id });
      continue;
    }
    const key = makeKey(
      {
        kind: 'recovery',
        claimHash: hashClaim(ports.random(CLAIM_BYTES)),
        device,
        locator: { recoveryId: id, ...(serial === undefined ? {} : { serial }) },
        algorithm: kind,
        origin: ports.server.id,
        createdAt: isoTime(ports.clock()),
        replaces:
          there.toSorted((a, b) => (a.key.createdAt < b.key.createdAt ? -1 : 1)).at(-1)?.key.id ?? null,
      },
      material,
      ports.random(BLIND_BYTES),
    );
    held.get(device.id)!.push(key);
    made.push(key);
    answers.push({ outcome: 'new', key: key.key.id });
  }
  return { made, answers };
}

/** Whatever cannot be read is no reason to refuse: the same password would be recorded once more. */
async function recoveriesOf(
  { barrier }: TakePorts,
  transaction: Transaction,
  device: string,
): Promise<CompleteKey[]> {
  const found: CompleteKey[] = [];
  for (let after = 0; ; ) {
    const page = await transaction.keysOfDevice(device, after, PAGE_KEYS);
    for (const row of page) {
      try {
        if (publicFields(row).kind === 'recovery') found.push(openStoredKey(barrier, row));
      } catch (error) {
        if (codeOf(error) !== 'record-unreadable') throw error;
      }
    }
    if (page.length < PAGE_KEYS) return found;
    after = page.at(-1)!.seq;
  }
}
