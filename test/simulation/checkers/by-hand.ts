/**
 * By hand: files that carry keys, and backups. A file is told of before it leaves, holds exactly what its server had,
 * and is taken in whole or not at all; a backup holds everything that was durable when it began.
 */
import type { AuditRow } from '#store/rows.ts';
import type { Device } from '../world/device.ts';
import type { Instance } from '../world/instance.ts';
import type { Site, World } from '../world/world.ts';
import { AUDITED } from './departures.ts';
import type { Facts } from './facts.ts';
import type { ObservedKey } from './observed-server.ts';

export const WHOLE = 'an import is all or nothing';
export const REFUSED = 'a file that was altered imports nothing';
export const RESTORED = 'a restored server is what it was, under a new epoch, and lets nobody in twice';
const WHOLE_RESTORE = 'a restore that was killed serves nobody, and the next one begins anew';
const IN_THE_FILE = 'an export holds exactly what its server has';

/** A file that carries keys from one server to another. */
export interface CarriedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What it may hold. */
  readonly ids: readonly string[];
  /** How many it does hold. */
  readonly count: number;
  /** Undefined where it is sealed to its target. */
  readonly password: string | undefined;
}

export interface Backup {
  readonly site: Site;
  readonly bytes: Uint8Array;
  /** What was durable when it began. */
  readonly keys: ReadonlyMap<string, ObservedKey>;
  /** An invitation that nobody has used yet. */
  readonly invitation: string;
}

/** The first byte of a file leaves. */
export function checkExportLeaves(facts: Facts, instance: Instance, id: string, keys: number): void {
  const told = instance.observed.exportsTold.get(id);
  if (told === keys) return;
  facts.violate(
    AUDITED,
    `${instance.name} gave out a file with ${keys} keys, and its audit log ${told === undefined ? 'does not tell of it' : `tells of ${told}`}`,
    [instance.name],
  );
}

/** @param records what stands in the file. @param demanded ids that must be in it. @param allowed what may be in it. */
export function checkExported(
  facts: Facts,
  instance: Instance,
  records: readonly { readonly id: string; readonly material: string }[],
  demanded: readonly string[],
  allowed: (id: string) => boolean,
): void {
  const ids = new Set(records.map(({ id }) => id));
  const missing = demanded.find((id) => !ids.has(id));
  const wrong = records.find(({ id, material }) => {
    const made = facts.keys.get(id);
    return made === undefined || Buffer.from(made.complete.material.expose()).toString('base64') !== material;
  });
  const more = records.find(({ id }) => !allowed(id));
  const problem =
    missing !== undefined
      ? `lacks key ${missing}`
      : more !== undefined
        ? `holds key ${more.id}, which was not asked for`
        : wrong !== undefined
          ? `holds something else for key ${wrong.id}`
          : ids.size === records.length
            ? undefined
            : 'holds a key twice';
  if (problem === undefined) return;
  facts.violate(IN_THE_FILE, `a file that ${instance.name} exported ${problem}`, [
    missing ?? wrong?.id ?? '',
    instance.name,
  ]);
}

/** An import is confirmed, or over, as the audit log tells. */
export function checkImportEvents(facts: Facts, instance: Instance, rows: readonly AuditRow[]): void {
  for (const row of rows) {
    const event = JSON.parse(row.event) as Record<string, string | number>;
    const [fresh, known] = [Number(event['new']), Number(event['known'])];
    if (event['event'] === 'import-confirmed') {
      const counts = facts.importing.get(instance.site) ?? [];
      if (counts.includes(fresh + known + Number(event['conflicts']))) continue;
      facts.violate(
        WHOLE,
        `${instance.name} confirms an import of ${fresh + known} keys, and no file that was brought holds so many`,
        [instance.name],
      );
    } else if (event['event'] === 'import-ended' && event['outcome'] === 'completed') {
      const from = `import:${event['import']}`;
      const recorded = [...instance.observed.keys.values()].filter((key) => key.receivedFrom === from);
      if (recorded.length === fresh) continue;
      facts.violate(
        WHOLE,
        `${instance.name} says that an import brought ${fresh} new keys, and it recorded ${recorded.length}`,
        [instance.name],
      );
    }
  }
}

/** A server says how an import ended: everything that is in the file is durable. */
export function checkImported(
  facts: Facts,
  instance: Instance,
  file: CarriedFile,
  report: { readonly new: number; readonly known: number; readonly conflicts: readonly unknown[] },
): void {
  const counted = report.new + report.known;
  if (report.conflicts.length > 0 || counted !== file.ids.length) {
    facts.violate(
      WHOLE,
      `${instance.name} reports ${counted} keys and ${report.conflicts.length} conflicts of ${file.name}, which holds ${file.ids.length}`,
      [instance.name],
    );
  }
  requireAll(facts, instance, file, 'says it imported');
}

/** At the end: a confirmed import is there, and nothing of any other. */
export function checkImportsAtTheEnd(facts: Facts, world: World): void {
  for (const { instance, file, at } of facts.confirmedImports) {
    const { site } = instance;
    if (instance !== site.instances[0] || facts.putBackSince(site, at)) continue;
    requireAll(facts, instance, file, 'confirmed');
  }
  for (const { instances } of world.sites) {
    const server = instances[0]!;
    const left = server.observed.importsUnderWay.size;
    if (server.retired || left === 0) continue;
    facts.violate(WHOLE, `${server.name} still has ${left} confirmed imports to carry on`, [server.name]);
  }
}

/** What an import that came to nothing had laid aside is gone. */
export async function checkNothingStaged(facts: Facts, world: World): Promise<void> {
  for (const { instances } of world.sites) {
    const server = instances[0]!;
    if (server.retired) continue;
    const staged = await server.stagedImports();
    if (staged.length === 0) continue;
    facts.violate(WHOLE, `${server.name} still has keys staged of ${staged.length} imports that ended`, [
      server.name,
    ]);
  }
}

function requireAll(facts: Facts, instance: Instance, file: CarriedFile, says: string): void {
  const missing = file.ids.find((id) => !instance.observed.keys.has(id));
  if (missing === undefined) return;
  facts.violate(WHOLE, `${instance.name} ${says} ${file.name}, and does not have key ${missing} of it`, [
    missing,
    instance.name,
  ]);
}

/** A server was opened on what a backup brought back. @param before the epochs it had lived through. */
export function checkRestored(
  facts: Facts,
  instance: Instance,
  backup: Backup,
  before: ReadonlySet<string>,
): void {
  const { observed } = instance;
  for (const key of backup.keys.values()) {
    const now = observed.keys.get(key.id);
    if (now?.digest === key.digest && now.fields === key.fields && now.seq === key.seq) continue;
    facts.violate(
      RESTORED,
      `${instance.name} had key ${key.id} when its backup began, and has ${now === undefined ? 'it no more' : 'another record'} after the restore`,
      [key.id, instance.name],
    );
    return;
  }
  const problem = before.has(observed.epoch)
    ? 'goes on in the epoch it had before the restore'
    : observed.links.recoveries.size > 0
      ? 'still allows a secondary to have keys back'
      : undefined;
  if (problem !== undefined) facts.violate(RESTORED, `${instance.name} ${problem}`, [instance.name]);
}

/** A server started on what a restore left that was killed. */
export function onHalfRestored(facts: Facts, instance: Instance): void {
  facts.violate(WHOLE_RESTORE, `${instance.name} started on what a restore left that was killed`, [
    instance.name,
  ]);
}

/** The restore after one that was killed was refused. */
export function onNotRestored(facts: Facts, instance: Instance, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  facts.violate(
    WHOLE_RESTORE,
    `${instance.name} could not be restored after a restore that was killed: ${why}`,
    [instance.name],
  );
}

/** An invitation from before the restore was accepted. */
export function onOldInvitation(facts: Facts, instance: Instance, device: Pick<Device, 'name'>): void {
  facts.violate(
    RESTORED,
    `${instance.name} let ${device.name} in with an invitation from before its restore`,
    [instance.name, device.name],
  );
}
