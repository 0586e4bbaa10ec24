/**
 * What a device told of its drives, in the contact row beside its last heartbeat.
 *
 * Invariant: it is the device's own word. It is shown to people as such, carries no MAC and decides nothing; what cannot
 * be read counts as never told, and is asked for again.
 */
import { DriveReportForm, type DriveReportMessage } from '#protocol/drive-report.ts';
import { formed } from '#protocol/forms.ts';
import type { RequestOf } from '#protocol/machine-routes.ts';
import type { Contact } from '#store/rows.ts';
import { isoTime } from '../environment/environment.ts';
import { readUnverified } from '../hierarchy/unverified-status.ts';

export interface ToldReport {
  /** The device's digest of it. */
  readonly digest: string;
  /** When it came, ISO 8601, by this server's clock. */
  readonly at: string;
  readonly report: DriveReportMessage;
}

/** The body that the row has from now on, and whether this server lacks the report. */
export function heardDrives(
  contact: Contact | undefined,
  told: RequestOf<'deviceHeartbeat'>['drives'],
  now: number,
): { readonly body: string; readonly wantDrives: boolean } {
  if (told?.report !== undefined) {
    const { digest, report } = told;
    return { body: JSON.stringify({ digest, at: isoTime(now), report }), wantDrives: false };
  }
  const isKnown = told === undefined || readUnverified<ToldReport>(contact).digest === told.digest;
  return { body: contact?.body ?? '{}', wantDrives: !isKnown };
}

/** Undefined where the device never told, or the row was altered. */
export function toldReport(contact: Contact | undefined): ToldReport | undefined {
  const { digest, at, report } = readUnverified<ToldReport>(contact);
  const read = formed(DriveReportForm, report);
  if (!read.ok || typeof digest !== 'string' || typeof at !== 'string') return undefined;
  return { digest, at, report: read.value };
}
