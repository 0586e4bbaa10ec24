/**
 * The warnings of a status, and what a verification of the audit log finds, by name, with the details that a surface needs to say them in words of its own: a console
 * in another language. The sentence in English comes with each and is shown wherever the name is not known.
 *
 * Invariant: details are text, and whoever writes one gives every detail that its row names; an empty one is not known.
 */
import { PATH_LENGTH_MAX } from './message-limits.ts';

export const WARNINGS = {
  emergency: ['act', 'by', 'reason', 'at'],
  'more-emergencies': ['count'],
  'rule-too-strict': ['act', 'asked', 'left'],

  'key-file-missing': ['file'],
  'key-file-useless': ['file'],
  'key-file-of-another-seal': ['file', 'seal'],
  'key-file-beside-database': ['file'],

  'audit-keys-closed': [],
  'audit-not-continued': ['lines'],
  'audit-gap-at-primary': [],
  'gap-rewritten': ['server', 'lines', 'at'],
  'gap-new-epoch': ['server', 'lines', 'at'],
  'gap-new-epoch-unproven': ['server', 'lines', 'at'],
  'gap-other-key': ['server', 'lines', 'at'],
  'gap-invalid': ['server', 'lines', 'at'],
  'gap-withheld': ['server', 'lines', 'at'],
  'receiver-behind': ['receiver', 'events', 'since', 'problem'],

  'row-altered': ['row'],
  'more-rows-altered': ['count'],
  loop: ['servers', 'secondary', 'primary', 'at'],
  'clock-behind': ['clock', 'known'],
  'recovery-open': ['server', 'until'],
  'keys-refused': ['count'],
  'disk-low': [],
  'commits-lost': ['keys', 'lines', 'at'],

  'log-line-altered': ['line'],
  'log-unproved': ['from', 'to'],
  'log-unsealed-end': [],
  'log-lines-missing': ['from', 'to'],
  'log-seal-altered': ['line'],
  'log-not-as-signed': ['lines'],
  'log-truncated': ['line', 'signed'],
  'log-altered-before-tree': ['faults', 'lines'],
  'log-tree-altered': [],
  'log-cursor-altered': ['member', 'epoch', 'seq'],
  'more-findings': ['count'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type WarningName = keyof typeof WARNINGS;
export type WarningDetails<Name extends WarningName> = Readonly<
  Record<(typeof WARNINGS)[Name][number], string>
>;

export type Warning = {
  readonly [Name in WarningName]: { readonly name: Name; readonly details: WarningDetails<Name> };
}[WarningName];

/** Checks anything that was received. */
export function isWarning(value: unknown): value is Warning {
  const { name, details } = (value ?? {}) as { readonly name?: unknown; readonly details?: unknown };
  if (typeof name !== 'string' || !Object.hasOwn(WARNINGS, name)) return false;
  if (typeof details !== 'object' || details === null) return false;
  return WARNINGS[name as WarningName].every((detail) => {
    const told = Object.hasOwn(details, detail) ? (details as Record<string, unknown>)[detail] : undefined;
    return typeof told === 'string' && told.length <= PATH_LENGTH_MAX;
  });
}
