/**
 * What a device reports of its drives: its own word, which is shown and decides nothing. And what a list says of it in
 * numbers.
 */

/** One word a drive, as `agent drives` and every list of drives use it. */
export const DRIVE_STATES = [
  'no rule',
  'in progress',
  'done',
  'error',
  'cancelled',
  'waiting for restart',
  'encrypted without rule',
] as const;
export type DriveState = (typeof DRIVE_STATES)[number];

export interface ReportedDrive {
  readonly path: string;
  readonly uuid: string | null;
  readonly label: string | null;
  readonly serial: string | null;
  readonly model: string | null;
  readonly removable: boolean;
  readonly state: DriveState;
  /** The key of ours that it names. */
  readonly key: string | null;
  /** When that key was last proved to open it, ISO 8601. */
  readonly provedAt: string | null;
  readonly problem: string | null;
  /** Whether a rule demands that its key is in custody; absent where the device knows no rules. */
  readonly demanded?: boolean | undefined;
}

export interface DriveReport {
  readonly drives: readonly ReportedDrive[];
  /** Drives that there was no room for. */
  readonly left: number;
  /** Why the device could not look at its drives. */
  readonly problem: string | null;
}

/** A drive counts as proved for this long. Devices prove each at least once a day. */
const PROOF_COUNTS_MS = 24 * 60 * 60 * 1000;

export interface DriveCounts {
  readonly drives: number;
  /** Those that must be in custody: by a rule, or because they are. */
  readonly demanded: number;
  /** Of the demanded ones, those that were proved within the last day. */
  readonly proved: number;
  /** Those with a problem, and one more where the device could not look. */
  readonly problems: number;
}

/** @param now Unix milliseconds. A proof of a time to come counts for nothing. */
export function countDrives({ drives, left, problem }: DriveReport, now: number): DriveCounts {
  const demanded = drives.filter(isDemanded);
  return {
    drives: drives.length + left,
    demanded: demanded.length,
    proved: demanded.filter((drive) => isProved(drive, now)).length,
    problems: drives.filter((drive) => drive.problem !== null).length + (problem === null ? 0 : 1),
  };
}

function isDemanded({ demanded, key }: Pick<ReportedDrive, 'demanded' | 'key'>): boolean {
  return demanded ?? key !== null;
}

/** A device's clock may be a little ahead of the server's. */
const CLOCK_AHEAD_MS = 60 * 60 * 1000;

function isProved({ provedAt, state }: Pick<ReportedDrive, 'provedAt' | 'state'>, now: number): boolean {
  if (provedAt === null || state === 'error') return false;
  const age = now - Date.parse(provedAt);
  return age >= -CLOCK_AHEAD_MS && age < PROOF_COUNTS_MS;
}

export interface Coverage<D> {
  readonly devices: number;
  /** Devices that told of their drives. */
  readonly told: number;
  /** Drives that must be in custody, and those of them that were proved within the last day. */
  readonly demanded: number;
  readonly proved: number;
  /** Devices with a drive that was not, or with any other problem of a drive; and the first of them. */
  readonly gapCount: number;
  readonly gaps: readonly D[];
}

/** Devices that a coverage names: more than anybody looks after in a day. */
const GAPS_NAMED = 1000;

export function coverageOf<D extends { readonly drives: DriveCounts | null }>(
  devices: Iterable<D>,
): Coverage<D> {
  const sum = { devices: 0, told: 0, demanded: 0, proved: 0, gapCount: 0 };
  const gaps: D[] = [];
  for (const device of devices) {
    const { drives } = device;
    sum.devices += 1;
    if (drives === null) continue;
    sum.told += 1;
    sum.demanded += drives.demanded;
    sum.proved += drives.proved;
    if (drives.proved === drives.demanded && drives.problems === 0) continue;
    sum.gapCount += 1;
    if (gaps.length < GAPS_NAMED) gaps.push(device);
  }
  return { ...sum, gaps };
}

/** Rounded down: only all of them are 100 %. */
export function percent(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} %`;
}
