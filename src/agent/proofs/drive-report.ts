/** What a heartbeat tells the server of the drives. It stays the same, to the last byte, while nothing changes. */
import { hash } from 'node:crypto';
import type { ReportedDrive } from '#domain/drive-report.ts';
import {
  DRIVE_PROBLEM_LENGTH_MAX,
  DRIVE_TEXT_LENGTH_MAX,
  DRIVES_REPORTED_MAX,
} from '#domain/message-limits.ts';
import type { NotKnown } from '#domain/policy/policy.ts';
import type { Notice } from '#domain/step.ts';
import type { DriveHere } from '#protocol/agent-program.ts';
import type { DriveReportMessage } from '#protocol/drive-report.ts';
import type { DrivesLook } from './check-drives.ts';

/** Drives in custody first, then those with a problem: what is left out where there is no room matters least. */
export function reportOf({ drives, problem }: DrivesLook, notKnown: readonly NotKnown[]): DriveReportMessage {
  const weight = ({ key, problem: wrong }: DriveHere): number =>
    (key === null ? 2 : 0) + (wrong === null ? 1 : 0);
  const sorted = [...drives].sort((a, b) => weight(a) - weight(b) || (a.path < b.path ? -1 : 1));
  return {
    drives: sorted.slice(0, DRIVES_REPORTED_MAX).map(reported),
    left: Math.max(0, drives.length - DRIVES_REPORTED_MAX),
    problem: words(problem) ?? notKnownWords(notKnown),
  };
}

/** A policy of a later release: the rest of it is done. Null where everything is known. */
export function notKnownWords(notKnown: readonly NotKnown[]): string | null {
  if (notKnown.length === 0) return null;
  const names = notKnown.map(({ setting }) => setting).join(', ');
  return `the policy says more than this agent knows (${names}); upgrade Keystair on the device`.slice(
    0,
    DRIVE_PROBLEM_LENGTH_MAX,
  );
}

/** In one order of fields. */
function reported(drive: DriveHere): ReportedDrive {
  return {
    path: cut(drive.path),
    uuid: cut(drive.uuid),
    label: cut(drive.label),
    serial: cut(drive.serial),
    model: cut(drive.model),
    removable: drive.removable,
    state: drive.state,
    key: drive.key,
    provedAt: drive.provedAt,
    problem: words(drive.problem),
    ...(drive.demanded === undefined ? {} : { demanded: drive.demanded }),
  };
}

function cut<T extends string | null>(said: T): T {
  return (said === null ? null : said.slice(0, DRIVE_TEXT_LENGTH_MAX)) as T;
}

function words(problem: Notice | null): string | null {
  if (problem === null) return null;
  const { sentence, nextStep } = problem;
  return (nextStep === undefined ? sentence : `${sentence}; ${nextStep}`).slice(0, DRIVE_PROBLEM_LENGTH_MAX);
}

/** Its first 16 hexadecimal digits: enough to notice a change. */
export function digestOf(report: DriveReportMessage): string {
  return hash('sha256', JSON.stringify(report)).slice(0, 16);
}
