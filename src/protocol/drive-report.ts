/** A device's report of its drives, as it travels in a heartbeat and is shown to people. */
import { z } from 'zod';
import { DRIVE_STATES } from '#domain/drive-report.ts';
import {
  DRIVE_PROBLEM_LENGTH_MAX,
  DRIVE_TEXT_LENGTH_MAX,
  DRIVES_REPORTED_MAX,
} from '#domain/message-limits.ts';
import { ShortDigest, Uuid } from './fields.ts';
import { list, text, Time, whole } from './forms.ts';

const Said = text(DRIVE_TEXT_LENGTH_MAX);
const Problem = text(DRIVE_PROBLEM_LENGTH_MAX).nullable();

const ReportedDriveForm = z.object({
  path: Said,
  uuid: Said.nullable(),
  label: Said.nullable(),
  serial: Said.nullable(),
  model: Said.nullable(),
  removable: z.boolean(),
  state: z.enum(DRIVE_STATES),
  key: Uuid.nullable(),
  provedAt: Time.nullable(),
  problem: Problem,
  demanded: z.boolean().optional(),
});

export const DriveReportForm = z.object({
  drives: list(ReportedDriveForm, DRIVES_REPORTED_MAX),
  left: whole(),
  problem: Problem,
});

export type DriveReportMessage = z.infer<typeof DriveReportForm>;

/** First 16 hexadecimal digits of a digest of the report; the report itself only when the server asked. */
export const ToldDrives = z.object({
  digest: ShortDigest,
  report: DriveReportForm.optional(),
});
