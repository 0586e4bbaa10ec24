/** The story of a violation: what happened around the key and the servers it is about, as a page a person can read. */
import type { Violation } from './checkers/facts.ts';
import type { Outcome } from './simulate.ts';
import type { Plan } from './step.ts';
import type { TraceLine } from './world/trace.ts';

/** A page. */
const LINES_MAX = 50;
const PAGES_MAX = 2;
const STEPS_MAX = 20;
const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;
/** UUIDv7. */
const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;
const A = 65;
/** What is told of a server that is concerned, beside what names the key. */
const TURNS_OF_FATE =
  /FAULT|PEACE|CRASHED|runs,|stopped|snapshot|administrator|joins|epoch-started|copies-heard|moved|brings back/;

function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${String(ms % 1000).padStart(3, '0')}`;
}

function concerns(line: TraceLine, about: readonly string[]): boolean {
  const named = about.filter((name) => name !== '');
  // Ids are long, names of servers short: `S1` is not `S12`.
  if (named.some((name) => name.length > 8 && line.what.includes(name))) return true;
  const here = named.includes(line.where) || line.where === 'tree' || line.where === 'network';
  return here && TURNS_OF_FATE.test(line.what);
}

/** Ids as a person would say them: servers and devices by name, the keys in question by a letter. */
function plainly(text: string, names: ReadonlyMap<string, string>): string {
  return text.replaceAll(UUID, (id) => names.get(id) ?? id);
}

/** Lines that say the same again and again are told once. */
function told(lines: readonly TraceLine[], names: ReadonlyMap<string, string>): string[] {
  const different = lines.filter(
    ({ what }, index) => withoutNumbers(what) !== withoutNumbers(lines[index - 1]?.what ?? ''),
  );
  const shown = different.slice(-LINES_MAX);
  const left = different.length - shown.length;
  return [
    ...(left > 0 ? [`  … ${left} earlier lines are left out; --lines shows everything`] : []),
    ...shown.map(({ at, where, what }) => `  ${clockTime(at)}  ${where.padEnd(9)} ${plainly(what, names)}`),
  ];
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '');
}

/** The servers as a tree, one line each. */
function treeOf(plan: Plan): string[] {
  const absent = plan.absent ?? [];
  const below = (primary: number | null, depth: number): string[] =>
    plan.above.flatMap((above, index) =>
      above === primary && !absent.includes(index)
        ? [`  ${'  '.repeat(depth)}S${index}${above === null ? ' (root)' : ''}`, ...below(index, depth + 1)]
        : [],
    );
  return below(null, 0);
}

function pageOf(violation: Violation, outcome: Outcome): string {
  const keys = violation.about.filter((name) => outcome.lines.length > 0 && KEY_ID.test(name));
  const letters = keys.map((id, index) => [id, `key ${String.fromCodePoint(A + index)}`] as const);
  const names = new Map([...outcome.names, ...letters]);
  const lines = outcome.lines.filter(({ at }) => at <= violation.at);
  return [
    `VIOLATION at ${clockTime(violation.at)}: ${violation.rule}`,
    `  ${plainly(violation.sentence.replaceAll('key 0', '0'), names)}`,
    ...letters.map(([id, letter]) => `  ${letter} is ${id}`),
    '',
    ...told(
      lines.filter((line) => concerns(line, violation.about)),
      names,
    ),
  ].join('\n');
}

export function storyOf(outcome: Outcome, plan: Plan): string {
  const pages = outcome.violations.slice(0, PAGES_MAX).map((violation) => pageOf(violation, outcome));
  const more = outcome.violations.length - pages.length;
  const steps = plan.steps.slice(0, STEPS_MAX).map((step) => `${clockTime(step.at)} ${step.do}`);
  const stepsLeft = plan.steps.length - steps.length;
  return [
    `Seed ${plan.seed}, ${plan.steps.length} steps in this tree:`,
    ...treeOf(plan),
    `Steps: ${steps.join('; ')}${stepsLeft > 0 ? `; and ${stepsLeft} more` : ''}.`,
    '',
    pages.join('\n\n'),
    ...(more > 0 ? ['', `and ${more} more violations, which may follow from these`] : []),
    '',
  ].join('\n');
}
