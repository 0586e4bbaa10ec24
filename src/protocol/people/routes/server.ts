/** The calls about the server itself: its status, its settings, and what a verification finds. */
import { z } from 'zod';
import { HEARTBEAT_INTERVAL_MS_MAX, SEALS_MAX, TREE_PROBLEM_LENGTH_MAX } from '#domain/limits.ts';
import { PEOPLE_LIST_MAX, REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import { read, write } from '#domain/right.ts';
import { Name, ServerNameSchema, Uuid } from '../../fields.ts';
import { list, text, whole } from '../../forms.ts';
import { NoticeForm } from '../../told-step.ts';
import { VerifyAnswer } from '../people-answers.ts';
import { Empty, Field, Sentence } from '../people-fields.ts';
import { peopleRoute as row } from '../people-route.ts';
import { DataKeyState, ShownSeal } from '../seal-messages.ts';

const SERVER = 'Administration Server';

const Problem = text(TREE_PROBLEM_LENGTH_MAX);
/** A recipient that an export can be sealed to: 2,000 characters where it is post-quantum. */
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
  listen: Field,
  /** Recipients for exports that only this server opens: post-quantum hybrid, then X25519. */
  recipients: list(Recipient, 16),
  /** How the root key is kept: each opens the server. */
  seals: list(ShownSeal, SEALS_MAX),
  dataKey: DataKeyState,
  /** What an administrator should act on. */
  warnings: list(NoticeForm, REPORT_NAMES_MAX),
});
export type ServerStatus = z.infer<typeof ServerStatus>;

const Settings = z.object({
  useHierarchy: z.boolean(),
  transmit: z.enum(['immediately', 'heartbeat']),
  /** Seconds. */
  heartbeat: z.number(),
});
const SettingsAnswer = Settings.extend({
  /** Neighbours that have not heard of a change yet. */
  notHeard: list(ServerNameSchema, PEOPLE_LIST_MAX),
});
export type SettingsAnswer = z.infer<typeof SettingsAnswer>;

export const SERVER_ROUTES = {
  serverStatus: row('GET', '/api/server', [read(SERVER)], Empty, ServerStatus),
  showSettings: row('GET', '/api/server/settings', [read(SERVER)], Empty, SettingsAnswer),
  changeSettings: row(
    'PATCH',
    '/api/server/settings',
    [write(SERVER)],
    z.object({
      useHierarchy: z.boolean().optional(),
      transmit: z.enum(['immediately', 'heartbeat']).optional(),
      heartbeat: whole(1, HEARTBEAT_INTERVAL_MS_MAX / 1000).optional(),
    }),
    SettingsAnswer,
  ),
  verify: row(
    'POST',
    '/api/server/verify',
    [read(SERVER)],
    z.object({ repair: z.literal(true).optional() }),
    VerifyAnswer,
    /** A repair writes keys. */
    { repair: [write('Encryption key management')] },
  ),
} as const;
