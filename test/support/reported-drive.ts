/** A drive as a device reports it: with nothing on it, and under no rule. */
import type { ReportedDrive } from '#domain/drive-report.ts';

export const REPORTED_DRIVE: ReportedDrive = {
  path: '/dev/sda',
  uuid: null,
  label: null,
  serial: null,
  model: null,
  removable: false,
  state: 'no rule',
  key: null,
  provedAt: null,
  problem: null,
};
