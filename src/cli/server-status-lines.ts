/** `server status` for a person. */
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import { sealKinds } from './seal-lines.ts';
import {
  anyProblem,
  type Line,
  ok,
  problem,
  type StateWord,
  stateColumns,
  stateLine,
  stateTable,
  warning,
} from './state-words.ts';
import { columns } from './table.ts';
import { DMZ_ADVICE, OPTION_NAME, onOrOff, when, yesOrNo } from './words.ts';

type Primary = NonNullable<ServerStatus['primary']>;

const PRIMARY_STATE: Readonly<Record<Primary['state'], StateWord>> = {
  connected: ok('connected'),
  unreachable: problem('unreachable'),
  refused: problem('refuses this server'),
  'never-heard': warning('no contact yet'),
};

/** On a link marked DMZ, silence is no fault. */
function primaryState({ state, dmz }: Primary): StateWord | string {
  return dmz && state !== 'connected' ? PRIMARY_STATE[state].word : PRIMARY_STATE[state];
}

function primaryLines(primary: Primary | null, headSeq: number): Line[] {
  if (primary === null) return ['Primary: none. To join one: keystair hierarchy join FILE'];
  return [
    `Primary: ${primary.name} (${primary.id})`,
    ...stateColumns([
      ['  State', primaryState(primary)],
      ['  Its option', onOrOff(primary.useHierarchy)],
      ['  In a DMZ', yesOrNo(primary.dmz)],
      ['  Acknowledged', `up to key number ${primary.acknowledgedSeq} of ${headSeq}`],
      ['  Last heartbeat', when(primary.lastHeartbeatAt)],
      ...(primary.problem === null ? [] : [['  Problem', problem(primary.problem)]]),
    ]),
  ];
}

function secondaryLines(secondaries: ServerStatus['secondaries']): Line[] {
  if (secondaries.length === 0) return ['Secondaries: none. To invite one: keystair hierarchy invite'];
  return [
    'Secondaries',
    ...stateTable(
      ['  Name', 'Id', 'Option', 'DMZ', 'Acknowledged', 'Last heartbeat', 'Problem'],
      secondaries.map((one) => [
        `  ${one.name}`,
        one.id,
        onOrOff(one.useHierarchy),
        yesOrNo(one.dmz),
        String(one.acknowledgedSeq),
        when(one.lastHeartbeatAt),
        anyProblem(one.problem),
      ]),
    ),
  ];
}

/** Only both ends of the post-quantum one: two thousand characters are for a pipe, not for reading. */
function recipientLines([hybrid, x25519]: readonly string[]): string[] {
  if (hybrid === undefined || x25519 === undefined) return [];
  return [
    '',
    'Recipients, for: keystair keys export --to RECIPIENT (a file that only this server opens)',
    `  post-quantum  ${hybrid.slice(0, 20)}…${hybrid.slice(-8)}, whole with: keystair server recipient`,
    `  X25519        ${x25519}`,
  ];
}

function dataKeyLine({ current, resealing }: ServerStatus['dataKey']): string {
  if (resealing === null) return `number ${current}`;
  const { done, of, unreadable, problem } = resealing;
  const left = unreadable === 0 ? '' : `, ${unreadable} do not open`;
  return `number ${current}; re-encrypting records: ${done} of ${of}${left}${problem === null ? '' : `; waits: ${problem}`}`;
}

function consoleLines({ console, consoleFingerprint }: Pick<ServerStatus, 'console' | 'consoleFingerprint'>) {
  if (console === null) return [];
  const pinned = consoleFingerprint === null ? [] : [['Its certificate', `SHA-256 ${consoleFingerprint}`]];
  return [['Console', console], ...pinned] as [string, string][];
}

/** Where there are several: most servers are one process, and need not be told. */
function processLines(processes: ServerStatus['processes']): [string, string][] {
  if (processes.length < 2) return [];
  return processes.map(({ address, version, sealed, holds }, at) => [
    at === 0 ? 'This process' : 'Another one',
    [
      address ?? 'not listening yet',
      `version ${version}`,
      ...(sealed ? ['sealed'] : []),
      ...(holds.length > 0 ? ['leads'] : []),
    ].join(', '),
  ]);
}

function auditLine({ lines, countersigned }: ServerStatus['audit']): string {
  const witness =
    countersigned === null
      ? 'countersigned by no other server'
      : `countersigned by ${countersigned.primary.name} up to line ${countersigned.lines}`;
  return `${lines} lines, ${witness}`;
}

function forwardingLines({ forwarding }: ServerStatus['audit']): Line[] {
  if (forwarding.length === 0) return [];
  return [
    '',
    'The audit log is forwarded to',
    ...stateTable(
      ['  Name', 'Kind', 'Behind', 'Since', 'Problem'],
      forwarding.map(({ name, kind, behind, since, problem: because }) => [
        `  ${name}`,
        kind,
        String(behind),
        since === null ? '' : when(since),
        anyProblem(because),
      ]),
    ),
  ];
}

/** In the words of this surface. */
type WordedStatus = Omit<ServerStatus, 'warnings'> & { readonly warnings: readonly string[] };

export function serverStatusLines(status: WordedStatus): Line[] {
  const { server, primary, secondaries } = status;
  const dmz = primary?.dmz === true || secondaries.some((one) => one.dmz);
  return [
    ...columns([
      ['Server', `${server.name} (${server.id})`],
      ['Version', server.version],
      ['Listens on', status.listen],
      ...consoleLines(status),
      ['Option', `${OPTION_NAME}: ${onOrOff(status.useHierarchy)}`],
      ['Keys', status.keys === 0 ? '0' : `${status.keys}, the last has number ${status.headSeq}`],
      ['Epoch', status.epoch],
      ['Managed devices', String(status.devices)],
      ['Opened by', sealKinds(status.seals)],
      [
        'Kept in',
        `${status.database.kind === 'sqlite' ? 'the embedded database in' : 'PostgreSQL,'} ${status.database.place}`,
      ],
      ...processLines(status.processes),
      ['Data key', dataKeyLine(status.dataKey)],
      ['Audit log', auditLine(status.audit)],
      ['Audit key', status.auditKey ?? 'none'],
    ]),
    '',
    ...primaryLines(primary, status.headSeq),
    '',
    ...secondaryLines(secondaries),
    ...(dmz ? ['', DMZ_ADVICE] : []),
    ...recipientLines(status.recipients),
    ...forwardingLines(status.audit),
    ...(status.warnings.length > 0 ? ['', stateLine(warning('To act on'))] : []),
    ...status.warnings.map((warning) => `- ${warning}`),
  ];
}
