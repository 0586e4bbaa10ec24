/**
 * Checks what is noted of devices and neighbours: each device's total of receipts must match the notes of what it
 * holds, and the status of a neighbour must be readable. Neither decides who gets what.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Member } from '#domain/member.ts';
import { NO_RECEIPTS, type ReceiptTotals } from '#domain/receipt.ts';
import type { Contact } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { readPrimary, readPrimaryContact } from '../../hierarchy/primary/primary-row.ts';
import type { Findings } from './findings.ts';
import { countReceipts, DEVICES_A_WALK, sameTotals } from './receipts-count.ts';
import type { Store } from '#store/store.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';

/** A device may hand over keys while it is counted. One that does so each time is counted another day. */
const LOOKS_MAX = 3;
/** Totals read between two turns of the event loop: some milliseconds. */
const TOTALS_A_TURN = 1000;

/** @param turn lets other work run. */
export async function lookAtNotes(
  { rows, store }: { readonly rows: TrustedRows; readonly store: Store },
  findings: Findings,
  turn: () => Promise<void>,
): Promise<void> {
  const { reader } = store;
  const primary = await readPrimary(rows, reader);
  if (primary !== undefined) lookAtContact(await readPrimaryContact(reader, primary), findings);
  // The sum lacks a damaged key, so the key is repaired first.
  const counts = findings.damages.length === 0 && findings.more === 0;
  let devices: ServerName[] = [];
  for await (const { id, value } of rows.each<Member>(reader, 'member')) {
    lookAtContact(await reader.contact(id), findings);
    if (!counts || value.kind !== 'device' || value.removedAt !== null) continue;
    if (devices.push({ id, name: value.name }) < DEVICES_A_WALK) continue;
    await lookAtDevices(reader, devices, findings, turn);
    devices = [];
  }
  if (devices.length > 0) await lookAtDevices(reader, devices, findings, turn);
}

function lookAtContact(contact: Contact | undefined, findings: Findings): void {
  if (contact !== undefined && !isReadable(contact)) findings.contact(contact);
}

async function lookAtDevices(
  reader: Reader,
  devices: readonly ServerName[],
  findings: Findings,
  turn: () => Promise<void>,
): Promise<void> {
  let left = devices;
  for (let look = 0; look < LOOKS_MAX && left.length > 0; look += 1) {
    left = await lookAtReceipts(reader, left, findings, turn);
  }
}

function isReadable({ body }: Contact): boolean {
  try {
    const heard: unknown = parseJson(body, ROW_JSON);
    return typeof heard === 'object' && heard !== null;
  } catch {
    return false;
  }
}

/** Returns the devices whose total changed meanwhile. */
async function lookAtReceipts(
  reader: Reader,
  devices: readonly ServerName[],
  findings: Findings,
  turn: () => Promise<void>,
): Promise<ServerName[]> {
  const before = new Map<string, ReceiptTotals>();
  for (const { id } of devices) {
    before.set(id, await reader.receiptTotals(id));
    if (before.size % TOTALS_A_TURN === 0) await turn();
  }
  const counted = await countReceipts(reader, new Set(before.keys()), turn);
  const changed: ServerName[] = [];
  for (const { id, name } of devices) {
    const totals = before.get(id)!;
    if (sameTotals(totals, counted.get(id) ?? NO_RECEIPTS)) continue;
    if (sameTotals(totals, await reader.receiptTotals(id))) findings.receipts({ id, name });
    else changed.push({ id, name });
  }
  return changed;
}
