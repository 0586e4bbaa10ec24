/** The calls about the server itself: its status, its settings, and what a verification finds. */
import { z } from 'zod';
import { FORWARD_RECEIVERS_MAX } from '#domain/forwarding-limits.ts';
import { HEARTBEAT_INTERVAL_MS_MAX, SEALS_MAX, TREE_PROBLEM_LENGTH_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX, PEOPLE_LIST_MAX, REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import { read, write } from '#domain/right.ts';
import { Name, ServerNameSchema, Uuid } from '../../fields.ts';
import { list, text, whole } from '../../forms.ts';
import { NoticeForm } from '../../told-step.ts';
import { VerifyAnswer } from '../people-answers.ts';
import { Empty, Field, Sentence } from '../people-fields.ts';
import { row, type Versioned } from '../people-route.ts';
import { DataKeyState, ShownSeal } from '../seal-messages.ts';

const SERVER = 'Administration Server';

const Problem = text(TREE_PROBLEM_LENGTH_MAX);
/** A recipient that an export can be sealed to. A post-quantum one has 2,000 characters. */
const Recipient = text(4096);

const PRIMARY_STATES = ['connected', 'unreachable', 'refused', 'never-heard'] as const;
const SecondaryStatus = z.object({
  id: Uuid,
  name: Name,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  acknowledgedSeq: z.number(),
  lastHeartbeatAt: Field.nullable(),
  problem: Problem.nullable(),
});
const ServerStatus = z.object({
  server: z.object({ id: Uuid, name: Name, version: Field }),
  useHierarchy: z.boolean(),
  keys: z.number(),
  headSeq: z.number(),
  epoch: text(32),
  primary: z
    .object({
      id: Uuid,
      name: Name,
      state: z.enum(PRIMARY_STATES),
      useHierarchy: z.boolean(),
      dmz: z.boolean(),
      acknowledgedSeq: z.number(),
      lastHeartbeatAt: Field.nullable(),
      problem: Sentence.nullable(),
    })
    .nullable(),
  secondaries: list(SecondaryStatus, PEOPLE_LIST_MAX),
  devices: z.number(),
  /** Where the repository lies. */
  database: z.object({ kind: z.enum(['sqlite', 'postgresql']), place: text(PATH_LENGTH_MAX) }),
  /** The processes of this server, this one first. */
  processes: list(
    z.object({
      id: Uuid,
      /** HOST:PORT under which members reach it; null before it listens. */
      address: Field.nullable(),
      version: Field,
      lastSeenAt: Field,
      sealed: z.boolean(),
      /** What it does for all: `lead`, or nothing. */
      holds: list(z.enum(['lead']), 1),
    }),
    PEOPLE_LIST_MAX,
  ),
  listen: Field,
  /** The address of the console, and the SHA-256 of its certificate; null where it has none. */
  console: Field.nullable(),
  consoleFingerprint: Field.nullable(),
  /** Recipients for exports that only this server opens: post-quantum hybrid, then X25519. */
  recipients: list(Recipient, 16),
  /** How the root key is kept: each opens the server. */
  seals: list(ShownSeal, SEALS_MAX),
  dataKey: DataKeyState,
  /** The key that verifies this server's checkpoints, as NAME+ID+KEY; null if it cannot sign any. */
  auditKey: Field.nullable(),
  audit: z.object({
    lines: z.number(),
    /** The last checkpoint that the primary countersigned. */
    countersigned: z.object({ primary: ServerNameSchema, lines: z.number(), at: Field }).nullable(),
    /** What this server witnessed of its secondaries' logs. A secondary that never sent a checkpoint is not listed. */
    witnessed: list(
      z.object({ server: ServerNameSchema, lines: z.number(), at: Field, gap: z.boolean() }),
      PEOPLE_LIST_MAX,
    ),
    /** Where the log is forwarded to, and how far each receiver has it. `since`: of the first event it does not have. */
    forwarding: list(
      z.object({
        name: Field,
        kind: z.enum(['file', 'syslog', 'webhook']),
        lines: z.number(),
        behind: z.number(),
        since: Field.nullable(),
        problem: Sentence.nullable(),
      }),
      FORWARD_RECEIVERS_MAX,
    ),
  }),
  /** What an administrator should act on. */
  warnings: list(NoticeForm, REPORT_NAMES_MAX),
});
export type ServerStatus = z.infer<typeof ServerStatus>;

const Settings = z.object({
  useHierarchy: z.boolean(),
  transmit: z.enum(['immediately', 'heartbeat']),
  /** Seconds. */
  heartbeat: z.number(),
  /** The policy of the primary's root group counts here. A server of an earlier release has no such option. */
  takePolicy: z.boolean().default(false),
});
const SettingsAnswer = Settings.extend({
  /** Neighbours that have not been told of a change yet. */
  notHeard: list(ServerNameSchema, PEOPLE_LIST_MAX),
});
export type SettingsAnswer = z.infer<typeof SettingsAnswer>;

/** Not of the neighbours, which change by themselves. */
export function settingsVersion({
  useHierarchy,
  transmit,
  heartbeat,
  takePolicy,
}: z.infer<typeof Settings>): Versioned {
  return { useHierarchy, transmit, heartbeat, takePolicy };
}

export const SERVER_ROUTES = {
  serverStatus: row({
    method: 'GET',
    path: '/server',
    summary:
      'Shows the server: its option, its keys, its neighbours, and what an administrator should act on.',
    rights: [read(SERVER)],
    request: Empty,
    answer: ServerStatus,
    example: {},
  }),
  showSettings: row({
    method: 'GET',
    path: '/server/settings',
    summary: 'Shows the settings, and which neighbours have not been told of a change yet.',
    rights: [read(SERVER)],
    request: Empty,
    answer: SettingsAnswer,
    version: settingsVersion,
    example: {},
  }),
  changeSettings: row({
    method: 'PATCH',
    path: '/server/settings',
    summary: 'Changes the settings that are given.',
    rights: [write(SERVER)],
    request: z.object({
      useHierarchy: z.boolean().optional(),
      transmit: z.enum(['immediately', 'heartbeat']).optional(),
      heartbeat: whole(1, HEARTBEAT_INTERVAL_MS_MAX / 1000).optional(),
      takePolicy: z.boolean().optional(),
    }),
    answer: SettingsAnswer,
    version: settingsVersion,
    example: { useHierarchy: true },
  }),
  verify: row({
    method: 'POST',
    path: '/server/verify',
    summary: 'Opens every record and recomputes every digest; with `repair`, repairs what is damaged.',
    job: true,
    rights: [read(SERVER)],
    request: z.object({ repair: z.literal(true).optional() }),
    answer: VerifyAnswer,
    /** A repair writes keys. */
    besides: { repair: [write('Encryption key management')] },
    example: {},
  }),
} as const;
