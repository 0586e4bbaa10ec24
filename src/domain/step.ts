/**
 * A next step for the reader of a failure or a warning: a name and details for a surface with words of its own, and a
 * plain sentence for all others.
 *
 * Invariant: a step from another program is accepted only where this program knows it and has every detail; otherwise
 * the plain sentence that came with it is shown.
 */
import { PATH_LENGTH_MAX } from './message-limits.ts';
import { STEPS, type StepName } from './steps.ts';
import type { Warning } from './warnings.ts';

export interface Step {
  readonly name: StepName;
  readonly details: Readonly<Record<string, string>>;
}

/** An imperative clause without a full stop, or a step, which holds one. */
export type NextStep = string | Step;

/** As it travels and is shown. */
export interface ToldStep {
  readonly nextStep: string;
  readonly step?: Step | undefined;
}

/** A sentence that someone should act on, and how. */
export interface Notice {
  readonly sentence: string;
  readonly nextStep?: string | undefined;
  readonly step?: Step | undefined;
  /** For surfaces that say it in words of their own. */
  readonly about?: Warning | undefined;
}

type DetailOf<Words extends string> = Words extends `${string}{${infer Name}}${infer Rest}`
  ? Name | DetailOf<Rest>
  : never;
type Details<Name extends StepName> = [DetailOf<(typeof STEPS)[Name]>] extends [never]
  ? []
  : [details: Readonly<Record<DetailOf<(typeof STEPS)[Name]>, string>>];

export function step<Name extends StepName>(name: Name, ...[details]: Details<Name>): Step {
  return { name, details: details ?? {} };
}

const DETAIL = /\{([a-z]+)\}/g;

/** The words with the details in their places. */
export function fillStep(
  words: string,
  details: Step['details'],
  write = (detail: string) => detail,
): string {
  return words.replaceAll(DETAIL, (_, name: string) => write(details[name] ?? ''));
}

export function plainWords({ name, details }: Step): string {
  return fillStep(STEPS[name], details);
}

export function told(next: NextStep): ToldStep {
  return typeof next === 'string' ? { nextStep: next } : { nextStep: plainWords(next), step: next };
}

export function notice(sentence: string, next?: NextStep): Notice {
  return next === undefined ? { sentence } : { sentence, ...told(next) };
}

/** A notice that can be said in other languages too. */
export function warn(about: Warning, sentence: string, next?: NextStep): Notice {
  return { ...notice(sentence, next), about };
}

/** Checks anything that was received. */
export function isStep(value: unknown): value is Step {
  const { name, details } = (value ?? {}) as { readonly name?: unknown; readonly details?: unknown };
  if (typeof name !== 'string' || !Object.hasOwn(STEPS, name)) return false;
  if (typeof details !== 'object' || details === null) return false;
  return [...STEPS[name as StepName].matchAll(DETAIL)].every(([, detail]) => {
    const told = Object.hasOwn(details, detail!) ? (details as Record<string, unknown>)[detail!] : undefined;
    return typeof told === 'string' && told.length <= PATH_LENGTH_MAX;
  });
}
