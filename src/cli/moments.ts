/** Moments as people type them: a day or a time on it, in UTC, or how long ago it is. */
import { secondsFromText } from './durations.ts';

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/;
/** With its unit: a plain number could be a year. */
const AGO = /^\d+[smhd]$/;

/** ISO 8601 in UTC, or undefined where the text is no moment. @param now Unix ms. */
export function timeFromText(text: string, now: number): string | undefined {
  if (AGO.test(text)) {
    const seconds = secondsFromText(text);
    const at = seconds === undefined ? Number.NaN : now - seconds * 1000;
    return at >= 0 ? new Date(at).toISOString() : undefined;
  }
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // A 31st of February would become a day in March.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(text.slice(0, 10))) return undefined;
  return new Date(time).toISOString();
}
