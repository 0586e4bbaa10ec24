/** Checks the rows that decide something, and the server's own secrets: each MAC, each seal. */
import { MEMBER_PLACES } from '#domain/member.ts';
import type { TrustedKind } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { eachMember } from '../../members/members.ts';
import type { Findings } from './findings.ts';
import type { Store } from '#store/store.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';

type SealedKind = 'secret' | 'data-key';
/** A kind that is missing here does not compile: its rows would count as altered. */
const JUDGED = {
  setting: true,
  member: true,
  invitation: true,
  group: true,
  primary: true,
  import: true,
  recovery: true,
  authority: true,
  seal: true,
  checkpoint: true,
  person: true,
  'person-name': true,
  role: true,
  policy: true,
  rotation: true,
  credential: true,
  'api-key': true,
  passkey: true,
  identity: true,
  session: true,
  'session-list': true,
  made: true,
  'made-list': true,
  'set-up': true,
  job: true,
  approval: true,
  'approval-history': true,
  emergency: true,
  notice: true,
  'audit-cursor': true,
} as const satisfies Record<Exclude<TrustedKind, SealedKind>, true>;
const JUDGED_KINDS = Object.keys(JUDGED) as readonly (keyof typeof JUDGED)[];
/** Their rows are authenticated by being sealed. */
const SEALED_KINDS: readonly SealedKind[] = ['secret', 'data-key'];
const KNOWN_KINDS: ReadonlySet<string> = new Set([...JUDGED_KINDS, ...SEALED_KINDS]);

/** Counts members that can be found by id and stand in no place. Those in a wrong place are remembered as altered. */
async function countUnplaced(rows: TrustedRows, reader: Reader): Promise<number> {
  let unplaced = 0;
  for await (const _ of rows.each(reader, 'member')) unplaced += 1;
  for (const place of MEMBER_PLACES) {
    for await (const _ of eachMember(rows, reader, place)) unplaced -= 1;
  }
  return unplaced - rows.misplaced;
}

export async function lookAtRows(
  { rows, store }: { readonly rows: TrustedRows; readonly store: Store },
  findings: Findings,
): Promise<void> {
  const { reader } = store;
  // Reading remembers the altered members.
  for (const kind of JUDGED_KINDS) if (kind !== 'member') for await (const _ of rows.each(reader, kind));
  const unplaced = await countUnplaced(rows, reader);
  if (unplaced > 0) {
    findings.add(
      `${unplaced} members are missing from lists and searches, because the database was altered; restore the newest backup`,
    );
  }
  for (const kind of await reader.rowKinds()) {
    if (KNOWN_KINDS.has(kind)) continue;
    findings.add(
      `a row is of the kind ${JSON.stringify(kind)}, which Keystair never writes: it was altered and counts as absent; make it again, or restore the newest backup`,
    );
  }
  for (const row of rows.untrusted) {
    findings.add(
      `the row "${row}" was altered and counts as absent; make it again, or restore the newest backup`,
    );
  }
  for (const row of await reader.rows('secret')) {
    const { id } = row;
    try {
      if (!rows.fits(row)) throw new Error('its MAC is wrong');
      await rows.getSecret(reader, id);
    } catch {
      findings.add(`this server's own secret "${id}" does not open; restore the newest backup`);
    }
  }
}
