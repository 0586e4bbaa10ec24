/**
 * The rules by which rights are given.
 *
 * Invariants: nobody gives a right that they lack, to others or to themselves. If somebody can sign in and manage
 * people before a change, somebody can after it.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { PEOPLE_MAX } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { type Caller, type HeldRight, requireRights, write } from '#domain/right.ts';
import { limitedError, rightsBeyond } from '#domain/scope.ts';
import { step } from '#domain/step.ts';
import type { Reader } from '#store/transaction.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { canSignIn, readCredentials } from './credentials.ts';
import { rightsOf } from './role-rows.ts';

const MANAGE = write('People');

/** Throws `not-allowed`, after recording the refusal in the audit log. */
export async function requireHeld(
  { refusals }: { readonly refusals: Pick<Refusals, 'note'> },
  caller: Caller,
  given: readonly HeldRight[],
  route: string,
): Promise<void> {
  try {
    requireRights(caller, given, 'somewhere');
    // Held in fewer groups than it is given for.
    const [beyond] = rightsBeyond(given, caller.rights);
    if (beyond !== undefined) throw limitedError(beyond);
  } catch (error) {
    const by = caller.name;
    const code = codeOf(error);
    await refusals.note(by, code, { event: 'call-refused', by, caller: by, code, route });
    throw error;
  }
}

async function canManage(rows: TrustedRows, reader: Reader, person: PersonRow): Promise<boolean> {
  if (person.service !== null) return false;
  if (rightsBeyond([MANAGE], await rightsOf(rows, reader, person)).length > 0) return false;
  return canSignIn(await readCredentials(rows, reader, person.id));
}

async function hasManager(rows: TrustedRows, reader: Reader): Promise<boolean> {
  for (const { value } of (await rows.all<PersonRow>(reader, 'person')).slice(0, PEOPLE_MAX))
    if (await canManage(rows, reader, value)) return true;
  return false;
}

/** Runs a change in its transaction. Throws `last-manager` if the change removed the last person who manages people. */
export async function keepingManager<Outcome>(
  rows: TrustedRows,
  transaction: Reader,
  change: () => Promise<Outcome>,
): Promise<Outcome> {
  const had = await hasManager(rows, transaction);
  const outcome = await change();
  if (!had || (await hasManager(rows, transaction))) return outcome;
  throw new KeystairError('last-manager', 'nobody would be left who can sign in and manage people', {
    nextStep: step('add-manager'),
  });
}
