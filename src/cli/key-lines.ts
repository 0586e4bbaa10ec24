/** Keys for a person: the listing, one key, and where a key can be obtained. */
import type { ExplainResult, ListedKey } from '#protocol/people/people-answers.ts';
import { type Line, ok, problem, stateTable, type StateWord, warning } from './state-words.ts';
import { columns, tableOf } from './table.ts';
import { DMZ_ADVICE, onOrOff, when } from './words.ts';

/** The part of the locator that a person looks for first. */
function locatorText(key: ListedKey): string {
  const { label, luksUuid, serial, recoveryId } = key.locator;
  return [label, luksUuid, serial, recoveryId].filter((one) => one !== undefined).join(' ');
}

export function keyTable(keys: Iterable<ListedKey>): Iterable<string> {
  return tableOf(['Id', 'Kind', 'Device', 'State', 'Created', 'Where'], keys, (key) => [
    key.id,
    key.kind,
    key.device.name,
    key.notRotatedSince === undefined ? key.state : `${key.state}; revealed, not rotated`,
    when(key.createdAt),
    locatorText(key),
  ]);
}

export function keyLines(key: ListedKey): string[] {
  const rows = [
    ['Key', key.id],
    ['Kind', key.kind],
    ['Device', `${key.device.name} (${key.device.id})`],
    ['Used with', key.algorithm],
    ['Where', locatorText(key) || 'not stated'],
    ['Made on', `a device of server ${key.origin}`],
    ['Created', when(key.createdAt)],
    ['Replaces', key.replaces ?? 'none'],
    ['Recorded here', `${when(key.recordedAt)}, as number ${key.seq}`],
    ['State', key.state],
  ];
  if (key.notRotatedSince !== undefined)
    rows.push(['Revealed', `${when(key.notRotatedSince)}, and not rotated since`]);
  if (key.refusedBecause !== undefined) rows.push(['Refused because', key.refusedBecause]);
  return columns(rows);
}

const LINK_WORDS: Readonly<Record<ExplainResult['path'][number]['link'], StateWord | string>> = {
  connected: ok('connected'),
  dmz: warning('marked DMZ'),
  unreachable: problem('unreachable'),
  refused: problem('refused'),
  'never-heard': warning('never connected'),
  'option-off': warning('not used, the option is off'),
  none: 'no primary',
};

function hasWords(has: boolean | null): StateWord | string {
  if (has === null) return 'not asked';
  return has ? ok('yes') : 'no';
}

export function explainLines(id: string, result: ExplainResult): Line[] {
  return [
    `Key ${id}: ${result.verdict}`,
    '',
    ...stateTable(
      ['Server', 'Option', 'Link to its primary', 'Has the key'],
      result.path.map((step) => [
        step.server.name,
        onOrOff(step.option),
        // The link of a server that was not asked is unknown.
        step.link === 'none' && step.has === null ? 'not asked' : LINK_WORDS[step.link],
        hasWords(step.has),
      ]),
    ),
    ...(result.path.some((step) => step.link === 'dmz') ? ['', DMZ_ADVICE] : []),
    '',
    `Next: ${result.nextStep}`,
  ];
}
