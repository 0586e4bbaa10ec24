/** Bugs whose bound is gone as in the others, and that a test sees: it fails in a copy of the program. */
import type { Fault } from '#test/simulation/planted/bug.ts';
import { type TestedBug, unbounded } from './bound-bug.ts';

const FAILED = '^✖ ';

function fails(title: string): RegExp {
  return new RegExp(FAILED + title, 'm');
}

const OF_MESSAGES = [
  'CERTIFICATE_LENGTH_MAX',
  'REFUSED_REASON_LENGTH_MAX',
  'TRANSMISSION_KEYS_MAX',
  'RECOVERY_PAGE_KEYS',
  'DEVICE_PAGE_MAX',
  'INVITATION_SECRET_LENGTH_MAX',
  'LINE_ID_LENGTH_MAX',
  'STANZA_ARGS_MAX',
  'STANZA_ARG_LENGTH_MAX',
  'STANZA_BODY_LENGTH_MAX',
  'FILE_KEY_LENGTH_MAX',
  'HEARTBEAT_INTERVAL_MS_MAX',
  'NOTE_LENGTH_MAX',
  'VERIFIER_KEY_LENGTH_MAX',
  'VERIFIER_KEYS_MAX',
  'PROOF_HASHES_MAX',
  'ORIGIN_LENGTH_MAX',
  'SENTENCE_LENGTH_MAX',
  'PATH_LENGTH_MAX',
  'DRIVES_REPORTED_MAX',
  'DRIVE_TEXT_LENGTH_MAX',
  'DRIVE_PROBLEM_LENGTH_MAX',
];

const EVERYBODY_CONNECTS: Fault = {
  definition: 'createMachineListener',
  wrap: (sound) => (options) => {
    const made = sound(options);
    made.server.maxConnections = Infinity;
    return made;
  },
};

export const TESTED_BUGS: readonly TestedBug[] = [
  {
    name: 'a database is not asked for what it acknowledged last',
    faults: [{ definition: 'LastSeen.setbackIn', wrap: () => () => Promise.resolve(undefined) }],
    test: 'test/store/postgres-last-seen.test.ts',
    sees: [fails('a failover to a standby that had not everything is noticed')],
  },
  {
    name: 'a policy is as large as anybody writes it',
    faults: [unbounded('POLICY_BYTES_MAX')],
    test: 'test/server/policies.test.ts',
    sees: [fails('a policy that cannot be carried out is refused whole')],
  },
  {
    name: 'a policy is sent and taken however large it is',
    faults: [unbounded('SENT_POLICY_BYTES_MAX')],
    test: 'test/server/policy-heartbeat.test.ts',
    sees: [fails('settings of a later release reach the device')],
  },
  {
    name: 'texts and lists of a message are as long as fits',
    faults: OF_MESSAGES.map(unbounded),
    test: 'test/protocol/message-limits.test.ts',
    sees: OF_MESSAGES.map((name) => fails(`.*within ${name}\\b`)),
  },
  {
    name: 'strangers may have as many connections as they like',
    faults: [unbounded('NEWCOMERS_MAX')],
    test: 'test/server/newcomers.test.ts',
    sees: [fails('strangers hold few .* for machines'), fails('strangers hold few .* for people')],
  },
  {
    name: 'a connection that was refused is read for as long as it sends',
    faults: [unbounded('LINGER_BYTES_MAX')],
    test: 'test/server/connections.test.ts',
    sees: [fails('a request line without end .* little more of it is read')],
  },
  {
    name: 'bodies may have as many bytes, in as many pieces, as they like',
    faults: [
      'JOIN_BYTES_MAX',
      'MEMBER_BODY_BYTES_MAX',
      'BODY_BYTES_MAX',
      'BODY_PIECES_MAX',
      'LINGER_BYTES_MAX',
    ].map(unbounded),
    test: 'test/server/bodies.test.ts',
    sees: [
      fails('a caller who wants to join may send little'),
      fails('a device that begins bodies .* has a share of the room'),
      fails('bodies of all callers together have no more room than fits'),
      fails('a body in more pieces than any honest one is refused'),
      fails('a body without end that its call does not read'),
    ],
  },
  {
    name: 'a listener takes every connection',
    faults: [EVERYBODY_CONNECTS],
    bounds: ['CONNECTIONS_MAX'],
    test: 'test/server/newcomers.test.ts',
    sees: [fails('a listener keeps so many connections')],
  },
  {
    name: 'a primary may put a batch off for as long as it likes',
    faults: [unbounded('PUT_OFF_MS_MAX')],
    test: 'test/domain/transmission.test.ts',
    sees: [fails('no primary makes a secondary wait longer')],
  },
  {
    name: 'a primary that contradicts every batch is asked without end',
    faults: [unbounded('ROUNDS_MAX')],
    test: 'test/server/upward-transmission.test.ts',
    sees: [fails('a primary that contradicts every batch')],
  },
  {
    name: 'a page of a recovery looks through the whole repository',
    faults: [unbounded('RECOVERY_SCAN_KEYS')],
    test: 'test/server/recovery-pages.test.ts',
    sees: [fails('a page of ids looks through so many')],
  },
  {
    name: 'pages that one secondary asks for at once are read side by side',
    faults: [{ definition: 'InTurn.run', wrap: () => (_caller, work) => work() }],
    bounds: ['ONE_AT_A_TIME'],
    test: 'test/server/recovery-pages.test.ts',
    sees: [fails('pages that one secondary asks for')],
  },
  {
    name: 'keys of all devices that come at once are recorded in one work',
    faults: [unbounded('DEVICE_KEYS_TOGETHER_MAX')],
    test: 'test/server/device-custody.test.ts',
    sees: [fails('more keys than one work carries')],
  },
  {
    name: 'every unknown key is remembered',
    faults: [unbounded('LOOKUP_MISSES_MAX')],
    test: 'test/server/lookup-misses.test.ts',
    sees: [fails('of unknown keys so many are remembered')],
  },
  {
    name: 'every gap in the log of a neighbour is kept',
    faults: [unbounded('GAPS_KEPT_MAX')],
    test: 'test/server/witness.test.ts',
    sees: [fails('of one neighbour so many gaps are kept')],
  },
  {
    name: 'every member’s budget is remembered',
    faults: [unbounded('BUDGETS_REMEMBERED_MAX')],
    test: 'test/server/budget.test.ts',
    sees: [fails('a budget is remembered while')],
  },
  {
    name: 'every repeated event has a window of its own',
    faults: [unbounded('COUNTING_WINDOWS_MAX')],
    test: 'test/server/counted-events.test.ts',
    sees: [fails('memory is bounded: the oldest window')],
  },
  {
    name: 'as many answers are awaited of one server as there are questions',
    faults: [unbounded('EXCHANGES_MAX')],
    test: 'test/transport/machine-client.test.ts',
    sees: [fails('requests beyond the limit wait in line')],
  },
  {
    name: 'all servers below are shown, however many',
    faults: [unbounded('TREE_SHOWN_SERVERS_MAX'), unbounded('TREE_BYTES_MAX')],
    test: 'test/server/told-trees.test.ts',
    sees: [/TREE_SHOWN_SERVERS_MAX: \d+ servers/],
  },
  {
    name: 'all that is told of servers below is shown, however long',
    faults: [unbounded('TREE_SHOWN_BYTES_MAX')],
    test: 'test/server/told-trees.test.ts',
    sees: [/TREE_SHOWN_BYTES_MAX: \d+ bytes/],
  },
  {
    name: 'all servers of a ring are named',
    faults: [unbounded('RING_NAMED_MAX')],
    test: 'test/server/ring.test.ts',
    sees: [/'16 servers of 255 units'/],
  },
  {
    name: 'servers of a ring are named by their whole names',
    faults: [unbounded('RING_NAME_UNITS_MAX')],
    test: 'test/server/ring.test.ts',
    sees: [/'8 servers of 255 units'/],
  },
  {
    name: 'a key may be made in any year',
    faults: [{ constant: 'CREATED_AT_MS_MAX', value: 8_640_000_000_000_000 }],
    test: 'test/domain/encryption-key.test.ts',
    sees: [fails('fields out of their form are refused')],
  },
];
