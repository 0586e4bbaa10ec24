/**
 * Verification: opens every record and recomputes everything that can be recomputed, from the rows alone. It works on a
 * live server: it reads in pages and lets other work run between them.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Member } from '#domain/member.ts';
import { notice, step } from '#domain/step.ts';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { Store } from '#store/store.ts';
import { type CallLife, UNWATCHED } from '../../environment/call-life.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';
import { type CursorsThen, walkAudit } from './audit-walk.ts';
import { type Damage, Findings } from './findings.ts';
import { walkKeys } from './keys-walk.ts';
import { faultOf, placesOf, readSurroundings, sentenceOf, type Surroundings } from './places.ts';
import { lookAtNotes } from './notes-look.ts';
import { lookAtRows } from './rows-look.ts';

export interface VerifyPorts {
  readonly server: ServerName;
  readonly store: Store;
  readonly barrier: Barrier;
  readonly rows: TrustedRows;
}

/** What was found, before it is put into words. */
export interface Verified {
  readonly keys: number;
  readonly findings: Findings;
  /** Every line of the audit log is as it was written. */
  readonly auditWhole: boolean;
  readonly around: Surroundings;
}

/** Throws `interrupted` when nobody waits for it any more. */
export async function verify(ports: VerifyPorts, life: CallLife = UNWATCHED): Promise<VerifyAnswer> {
  return reportOf(await verifyRepository(ports, life));
}

export async function verifyRepository(ports: VerifyPorts, life: CallLife): Promise<Verified> {
  const { reader } = ports.store;
  const findings = new Findings();
  await guard(findings, 'the database', async () => {
    for (const problem of await ports.store.checkStructure()) findings.add(problem);
  });
  const told = progressReporter(life, (await headOf(() => reader.head())) ?? 0, () => reader.auditHead());
  const keys = await guard(findings, 'the keys', () =>
    walkKeys({ reader, barrier: ports.barrier }, findings, told.keys),
  );
  const then = await guard(findings, 'the rows', async (): Promise<CursorsThen> => {
    const line = (await reader.auditHead()).seq;
    return { line, cursors: await cursorsOf(ports) };
  });
  const log = await guard(findings, 'the audit log', () =>
    walkAudit({ ...ports, reader }, findings, then ?? { line: 0, cursors: [] }, told.lines),
  );
  await guard(findings, 'the rows', () => lookAtRows(ports, findings));
  await guard(findings, 'the notes of devices', () => lookAtNotes(ports, findings, told.devices));
  await guard(findings, 'the keys', async () => {
    const { seq } = await reader.head();
    const lastKey = log?.lastKey ?? 0;
    if (lastKey > seq) {
      findings.add(
        `the audit log has keys up to number ${lastKey}, but the repository ends at ${seq}: the last rows are missing`,
        step('recover-from-primary'),
      );
    }
  });
  const around = await surroundingsOf(ports, findings);
  return { keys: keys ?? 0, findings, auditWhole: log?.whole ?? false, around };
}

export function reportOf({ keys, findings, around }: Verified): VerifyAnswer {
  const damaged = findings.damages.map((damage) => damagedKeyOf(damage, around));
  const problems = [
    ...findings.damages.map((damage, at) => notice(sentenceOf(damage, damaged[at]!.places))),
    ...findings.notices,
    ...(findings.more === 0 ? [] : [notice(`and ${findings.more} more`)]),
  ];
  return { ok: problems.length === 0, keys, problems, damaged };
}

function damagedKeyOf(damage: Damage, around: Surroundings): VerifyAnswer['damaged'][number] {
  const { seq, to, id, told } = damage;
  return {
    seq,
    to,
    id: id ?? (told.length === 1 && told[0]!.from === seq && seq === to ? told[0]!.first : null),
    what: faultOf(damage),
    places: placesOf(damage, around),
  };
}

/** A part that cannot be read at all is a problem; the other parts are still checked. */
async function guard<T>(findings: Findings, what: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (codeOf(error) === 'interrupted') throw error;
    findings.add(
      `${what} cannot be read: ${error instanceof KeystairError ? error.sentence : 'the database is damaged'}`,
    );
    return undefined;
  }
}

/** Reports progress in rows of both tables, and lets other work run. */
function progressReporter(life: CallLife, keys: number, auditHead: () => Promise<{ readonly seq: number }>) {
  let lines = 0;
  const turn = async (done: number, of: number): Promise<void> => {
    life.requireWanted();
    life.progress(done, of);
    await new Promise(setImmediate);
  };
  return {
    keys: async (seq: number): Promise<void> => {
      lines ||= (await headOf(auditHead)) ?? 0;
      await turn(Math.min(seq, keys), keys + lines);
    },
    lines: (line: number): Promise<void> => turn(keys + Math.min(line, lines), keys + lines),
    // Few beside the rest, so not counted as progress.
    devices: (): Promise<void> => turn(keys + lines, keys + lines),
  };
}

async function headOf(read: () => Promise<{ readonly seq: number }>): Promise<number | undefined> {
  try {
    return (await read()).seq;
  } catch (error) {
    if (codeOf(error) === 'interrupted') throw error;
    // The walk reports it.
    return undefined;
  }
}

async function cursorsOf({ rows, store }: VerifyPorts): Promise<CursorsThen['cursors']> {
  const cursors = [];
  for await (const { id, value } of rows.each<Member>(store.reader, 'member')) {
    if (value.kind === 'secondary') cursors.push(...(await store.reader.cursors(id)));
  }
  return cursors;
}

async function surroundingsOf(
  { server, rows, store }: VerifyPorts,
  findings: Findings,
): Promise<Surroundings> {
  try {
    return await readSurroundings(server, rows, store.reader, findings.damages);
  } catch (error) {
    if (codeOf(error) === 'interrupted') throw error;
    // Already reported for the rows.
    return { server, primary: undefined, acknowledgedSeq: 0, refused: new Set(), members: new Map() };
  }
}
