/** The story of a violation: what happened around the key and the servers it is about, as a page a person can read. */
import type { Violation } from './checkers/facts.ts';
import type { Outcome } from './simulate.ts';
import type { Plan } from './step.ts';
import type { TraceLine } from './world/trace.ts';

const LINES_MAX = 70;
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

/** Lines that say the same again and again are told once. */
function told(lines: readonly TraceLine[]): string[] {
  const different = lines.filter(
    ({ what }, index) => withoutNumbers(what) !== withoutNumbers(lines[index - 1]?.what ?? ''),
  );
  const shown = different.slice(-LINES_MAX);
  const left = different.length - shown.length;
  return [
    ...(left > 0 ? [`  … ${left} earlier lines are left out; --lines shows everything`] : []),
    ...shown.map(({ at, where, what }) => `  ${clockTime(at)}  ${where.padEnd(9)} ${what}`),
  ];
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '');
}

export function storyOf(outcome: Outcome, plan: Plan): string {
  const pages = outcome.violations.slice(0, 3).map((violation: Violation) => {
    const lines = outcome.lines.filter(({ at }) => at <= violation.at);
    return [
      `VIOLATION at ${clockTime(violation.at)}: ${violation.rule}`,
      `  ${violation.sentence}`,
      '',
      ...told(lines.filter((line) => concerns(line, violation.about))),
    ].join('\n');
  });
  const absent = plan.absent ?? [];
  const servers = plan.above.flatMap((above, index) =>
    absent.includes(index) ? [] : [`S${index}${above === null ? ' (root)' : ` under S${above}`}`],
  );
  return [
    `Seed ${plan.seed}, ${plan.steps.length} steps: ${servers.join(', ')}.`,
    `Steps: ${plan.steps.length <= 20 ? plan.steps.map((step) => `${clockTime(step.at)} ${step.do}`).join('; ') : 'many'}.`,
    '',
    pages.join('\n\n'),
    '',
  ].join('\n');
}
