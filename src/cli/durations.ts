/**
 * Durations as people type them: `30s`, `15m`, `12h`, `7d`, or plain seconds. Whole numbers only, so that the text
 * typed and the text shown back are the same.
 */

const DURATION = /^([0-9]{1,9})([smhd]?)$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds, or undefined where the text is no duration. */
export function secondsFromText(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * UNIT_SECONDS[match[2] ?? '']!;
}

/** The largest unit that is exact: `7d`, `90m`, `45s`. */
export function secondsToText(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNIT_SECONDS[unit]!;
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}
