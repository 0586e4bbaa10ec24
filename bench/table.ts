/**
 * What was measured, as rows, and how people read them. A figure of ours stands beside its reference of the same
 * minutes; the ratio is what counts, the figures themselves belong to one machine.
 */

export interface Goal {
  /** `least`: the figure or ratio must reach it; `most`: it must not pass it. */
  readonly sense: 'least' | 'most';
  readonly whole: number;
  /** Enough to close the first issue. */
  readonly half: number;
  /** Whether the ratio to the reference is judged, or our figure itself. */
  readonly of: 'ratio' | 'figure';
}

export interface Row {
  /** P1 to P15 of the goals. */
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference?: { readonly name: string; readonly figure: number };
  readonly goal: Goal;
  /** Peak memory of each process that took part. */
  readonly memory?: Readonly<Record<string, number>>;
  readonly notes?: readonly string[];
}

/** `unjudged` where the reference is not installed. */
export type Verdict = 'goal' | 'half' | 'below' | 'unjudged';

export function ratioOf(row: Row): number | undefined {
  return row.reference === undefined ? undefined : row.ours / row.reference.figure;
}

export function verdictOf(row: Row): Verdict {
  const { sense, whole, half, of } = row.goal;
  const value = of === 'figure' ? row.ours : ratioOf(row);
  if (value === undefined) return 'unjudged';
  const reaches = (mark: number): boolean => (sense === 'least' ? value >= mark : value <= mark);
  if (reaches(whole)) return 'goal';
  return reaches(half) ? 'half' : 'below';
}

const MIB = 1024 * 1024;

function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function goalText({ goal, unit }: Row): string {
  const sign = goal.sense === 'least' ? '≥' : '≤';
  return goal.of === 'ratio' ? `${sign} ${goal.whole} ×` : `${sign} ${figure(goal.whole)} ${unit}`;
}

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  goal: 'goal',
  half: 'half of it',
  below: 'BELOW',
  unjudged: '–',
};

export function tableText(rows: readonly Row[]): string {
  const heads = ['', 'What', 'Ours', 'Reference', 'Ratio', 'Goal', 'Reached'];
  const cells = rows.map((row) => {
    const ratio = ratioOf(row);
    return [
      row.id,
      row.what,
      `${figure(row.ours)} ${row.unit}`,
      row.reference === undefined ? '–' : `${figure(row.reference.figure)} ${row.reference.name}`,
      ratio === undefined ? '–' : `${figure(ratio)} ×`,
      goalText(row),
      VERDICT_WORDS[verdictOf(row)],
    ];
  });
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  const notes = rows.flatMap((row) => notesOf(row).map((note) => `${row.id.padEnd(4)}${note}`));
  return [
    line(heads),
    line(widths.map((width) => '-'.repeat(width))),
    ...cells.map(line),
    '',
    ...notes,
    '',
  ].join('\n');
}

function notesOf(row: Row): string[] {
  const memory = Object.entries(row.memory ?? {}).map(
    ([name, bytes]) => `${name} ${Math.round(bytes / MIB)} MiB`,
  );
  return [...(memory.length > 0 ? [`peak memory: ${memory.join(', ')}`] : []), ...(row.notes ?? [])];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
