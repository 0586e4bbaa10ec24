/** Keys by hand: an administrator exports, somebody carries the file, another administrator imports. */
import { codeOf } from '#domain/errors.ts';
import {
  checkExported,
  checkExportLeaves,
  checkImported,
  type CarriedFile,
  REFUSED,
} from '../checkers/by-hand.ts';
import { MINUTE_MS, type Step, within } from '../step.ts';
import { createDice } from '../world/dice.ts';
import { ALTERATIONS, altered, type FileRecord, PASSWORD, recordsOf } from '../world/file-by-hand.ts';
import type { Instance } from '../world/instance.ts';
import type { World } from '../world/world.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { exportWhole, importWhole } from '#test/support/transfer-calls.ts';

/** Pieces a file is read in. */
const PIECES = 3;
/** Codes by which an altered file is refused, or by which an import that was going well is not. */
const REFUSALS = new Set(['export-unreadable', 'export-invalid']);
const KEYS_NAMED = 4;

/** What is asked for, and what must be in the file at least. */
function selectionOf(server: Instance, step: Step) {
  const held = [...server.observed.keys.keys()];
  const devices = [...server.observed.links.members].filter(([, { kind }]) => kind === 'device');
  const [device] = devices[step.two % Math.max(1, devices.length)] ?? [];
  switch (step.size % 4) {
    case 0: {
      const first = step.two % Math.max(1, held.length);
      const keys = held.slice(first, first + KEYS_NAMED);
      if (keys.length > 0) {
        return { request: { keys }, demanded: keys, allowed: (id: string) => keys.includes(id) };
      }
      break;
    }
    case 1:
      if (device !== undefined) {
        const allowed = (id: string): boolean => {
          const { fields } = server.observed.keys.get(id)!;
          return (JSON.parse(fields) as { device: { id: string } }).device.id === device;
        };
        return { request: { devices: [device] }, demanded: held.filter(allowed), allowed };
      }
      break;
    default:
  }
  return { request: {}, demanded: held, allowed: () => true };
}

/** From one server to another, for a password or for the target alone; now and then altered on the way. */
export async function carryFile(world: World, server: Instance, step: Step): Promise<void> {
  const target = world.sites[step.two % world.sites.length]!;
  const running = () => target.instances.find(({ state }) => state === 'running');
  const sealedToIt = step.size % 4 === 3;
  const recipients = sealedToIt ? ((await running()?.ask('serverStatus', {}))?.recipients ?? []) : [];
  const file = await exportFile(world, server, step, recipients[step.two % 2]);
  await world.schedule.wait(within(step.size, MINUTE_MS, 90 * MINUTE_MS), `${file.name} is carried`);
  const there = running();
  if (there === undefined || world.atPeace) return;
  if (file.password !== undefined && step.one % 3 === 0) await importAltered(world, there, file, step);
  else await importFile(world, there, file, step);
}

/** Never comes back where the server goes away before the file is whole: then nobody has one. */
async function exportFile(
  world: World,
  server: Instance,
  step: Step,
  recipient: string | undefined,
): Promise<CarriedFile> {
  const { facts } = world.witness;
  const { request, demanded, allowed } = selectionOf(server, step);
  const blocks: Uint8Array[] = [];
  let count = 0;
  const secret = recipient === undefined ? { password: PASSWORD } : { recipient };
  const slowly = step.size % 3 === 0;
  await server.call(({ transfers }) =>
    exportWhole(transfers, ADMINISTRATOR, { ...secret, ...request }, async ({ id, keys, bytes }) => {
      checkExportLeaves(facts, server, id, keys);
      count = keys;
      for await (const block of bytes) {
        blocks.push(block);
        if (slowly) await world.schedule.wait(within(step.two, 1, MINUTE_MS), 'a slow disk');
      }
    }),
  );
  const bytes = Buffer.concat(blocks);
  const records: readonly FileRecord[] | undefined =
    recipient === undefined ? await recordsOf(bytes) : undefined;
  if (records !== undefined) checkExported(facts, server, records, demanded, allowed);
  const ids = records?.map(({ id }) => id) ?? [...server.observed.keys.keys()];
  facts.files += 1;
  const name = `file ${facts.files}`;
  world.trace.tell(server.name, `its administrator exports ${count} keys to ${name}`);
  return { name, bytes, ids, count, password: recipient === undefined ? PASSWORD : undefined };
}

/** Piece by piece, with time between them: others go on, and may end the server. */
async function* read(
  world: World,
  bytes: Uint8Array,
  pause: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = Math.max(1, Math.ceil(bytes.length / PIECES));
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await world.schedule.wait(pause, 'piece of a file');
    yield bytes.subarray(at, at + size);
  }
}

async function importFile(world: World, server: Instance, file: CarriedFile, step: Step): Promise<void> {
  const { facts } = world.witness;
  const pause = within(step.size, 1, 2 * MINUTE_MS);
  const dryRun = step.two % 7 === 0;
  const gone = new AbortController();
  if (step.size % 5 === 0) {
    world.schedule.after(pause, 'whoever imports goes away', () => gone.abort());
  }
  const begun = facts.importing.get(server.site) ?? [];
  if (!dryRun) facts.importing.set(server.site, [...begun, file.count]);
  if (!dryRun) for (const id of file.ids) facts.brought.add(`${server.site.name} ${id}`);
  world.trace.tell(server.name, `its administrator imports ${file.name}${dryRun ? ', for a try only' : ''}`);
  const report = await server.call(({ transfers }) =>
    importWhole(
      transfers,
      ADMINISTRATOR,
      { dryRun, ...(file.password === undefined ? {} : { password: file.password }) },
      read(world, file.bytes, pause),
      {
        signal: gone.signal,
        onConfirmed: () => {
          world.trace.tell(server.name, `confirms the import of ${file.name}`);
          // Which keys a file sealed to the server holds is known to the server alone.
          if (file.password !== undefined) {
            facts.confirmedImports.push({ instance: server, file, at: facts.now });
          }
        },
      },
    ),
  );
  world.trace.tell(server.name, `imported ${file.name}: ${report.new} new, ${report.known} known`);
  if (!dryRun && file.password !== undefined) checkImported(facts, server, file, report);
}

/** A file that is not what it was: nothing of it may be taken. */
async function importAltered(world: World, server: Instance, file: CarriedFile, step: Step): Promise<void> {
  const { facts } = world.witness;
  const alteration = ALTERATIONS[step.two % ALTERATIONS.length]!;
  const other = await altered(file.bytes, alteration, createDice(step.size, alteration));
  if (other === undefined) return;
  world.trace.tell(server.name, `its administrator imports ${file.name}, altered: ${alteration}`);
  try {
    await server.call(({ transfers }) =>
      importWhole(
        transfers,
        ADMINISTRATOR,
        { dryRun: false, password: other.password },
        read(world, other.bytes, within(step.size, 1, MINUTE_MS)),
        {
          signal: new AbortController().signal,
          onConfirmed: () =>
            facts.violate(REFUSED, `${server.name} confirms ${file.name}, of which somebody made another`, [
              server.name,
            ]),
        },
      ),
    );
  } catch (error) {
    if (REFUSALS.has(codeOf(error))) return;
    throw error;
  }
}
