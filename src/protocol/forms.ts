/**
 * The forms of messages, and how a message is checked against its form.
 *
 * Invariant: every text and every list has a greatest length, and the first fault ends the check. Zod would otherwise
 * record every fault in every field of every element: kilobytes from a stranger would cost a second and hundreds of
 * megabytes.
 */
import { z } from 'zod';
import { nameRule, readName } from '#domain/name.ts';

/** For every check of a form: after a fault nothing more is checked. */
export const STOPS = { abort: true } as const;

export function text(lengthMax: number, lengthMin = 0) {
  return z.string().max(lengthMax, STOPS).min(lengthMin, STOPS);
}

/** What a person writes for others to read later, without surrounding white space. */
export function remark(lengthMax: number) {
  return z
    .string()
    .trim()
    .max(lengthMax, STOPS)
    .min(1, STOPS)
    .refine((given) => 'name' in readName(given, lengthMax), {
      ...STOPS,
      message: `must be ${nameRule(lengthMax)}`,
    });
}

export function base64(lengthMax: number) {
  return z.base64(STOPS).max(lengthMax, STOPS);
}

/** @param pattern of bounded length, anchored at both ends of the text. */
export function matching(pattern: RegExp, message: string) {
  return z.string().regex(pattern, { ...STOPS, message });
}

export function whole(least = 0, most = Number.MAX_SAFE_INTEGER) {
  return z.number().int(STOPS).min(least, STOPS).max(most, STOPS);
}

export function list<Form extends z.ZodType>(form: Form, most: number, least = 0) {
  return z.array(form).max(most, STOPS).min(least, STOPS);
}

/** ISO 8601 in UTC, as Date writes it, with room for other writers. */
export const Time = z.iso.datetime(STOPS).max(32, STOPS);

/** Zod supports this, and its own `validate` passes it. A test checks that a new release of zod still does. */
const FIRST_FAULT: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };

export type Fault = z.core.$ZodIssue;
export type Formed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

export function formed<Form extends z.ZodType>(form: Form, value: unknown): Formed<z.output<Form>> {
  const parsed = form.safeParse(value, FIRST_FAULT);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, fault: parsed.error.issues[0]! };
}

/** Where the fault is, and what it is. Quotes nothing that was sent except names of elements. */
export function faultWords({ path, message }: Fault, whole = 'the request'): string {
  return `${path.length === 0 ? whole : path.join('.')}: ${message}`;
}
