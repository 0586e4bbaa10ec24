/**
 * The calls that people make, through the command line now and the console next: one row each, with the right it
 * needs. Served on the data directory's socket; the answers are the JSON of the command line.
 */
import { z } from 'zod';
import {
  HEARTBEAT_INTERVAL_MS_MAX,
  INVITATION_BYTES_MAX,
  INVITATION_MS_MAX,
  KEY_MATERIAL_BYTES_MAX,
  LIST_PAGE_MAX,
  NAME_LENGTH_MAX,
  PAGE_POSITION_LENGTH_MAX,
  RECOVERY_MS_MAX,
  REASON_LENGTH_MAX,
  SEALS_MAX,
  TREE_PROBLEM_LENGTH_MAX,
} from '#domain/limits.ts';
import { PEOPLE_LIST_MAX, REPORT_NAMES_MAX, SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { list, remark, STOPS, text, whole } from './forms.ts';
import { Addresses, Name, ServerNameSchema, Uuid } from './messages.ts';
import { ExplainResult, HierarchyAnswer, ListedDevice, ListedKey, VerifyAnswer } from './people-answers.ts';
import { peopleRoute as row } from './people-route.ts';
import { DataKeyState, ShownSeal } from './seal-messages.ts';
import { SEAL_ROUTES } from './seal-routes.ts';

const Time = text(32);
const Sentence = text(SENTENCE_LENGTH_MAX);
const Problem = text(TREE_PROBLEM_LENGTH_MAX);
/** At its end, to whom an export can be sealed: 2,000 characters where it is post-quantum. */
const Recipient = text(4096);

const PRIMARY_STATES = ['connected', 'unreachable', 'refused', 'never-heard'] as const;
const SecondaryStatus = z.object({
  id: Uuid,
  name: Name,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  acknowledgedSeq: z.number(),
  lastHeartbeatAt: Time.nullable(),
  problem: Problem.nullable(),
});
export const ServerStatus = z.object({
  server: z.object({ id: Uuid, name: Name, version: text(NAME_LENGTH_MAX) }),
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
      lastHeartbeatAt: Time.nullable(),
      problem: Sentence.nullable(),
    })
    .nullable(),
  secondaries: list(SecondaryStatus, PEOPLE_LIST_MAX),
  devices: z.number(),
  listen: text(NAME_LENGTH_MAX),
  /** To whom an export can be sealed so that only this server opens it: post-quantum hybrid, then X25519. */
  recipients: list(Recipient, 16),
  /** How the root key is kept: each opens the server. */
  seals: list(ShownSeal, SEALS_MAX),
  dataKey: DataKeyState,
  /** Sentences an administrator should act on. */
  warnings: list(Sentence, REPORT_NAMES_MAX),
});
export type ServerStatus = z.infer<typeof ServerStatus>;

const Settings = z.object({
  useHierarchy: z.boolean(),
  transmit: z.enum(['immediately', 'heartbeat']),
  /** Seconds. */
  heartbeat: z.number(),
});
export const SettingsAnswer = Settings.extend({
  /** Neighbours that have not heard of a change yet. */
  notHeard: list(ServerNameSchema, PEOPLE_LIST_MAX),
});
export type SettingsAnswer = z.infer<typeof SettingsAnswer>;

const KEYS = 'Encryption key management';
const HIERARCHY = 'Hierarchy of Administration Servers';
const DEVICES = 'Managed devices';
const SERVER = 'Administration Server';
/** An id, or a name that only one has. */
const Named = text(NAME_LENGTH_MAX, 1);
const Empty = z.object({});
const InvitationMs = whole(1000, INVITATION_MS_MAX);
const Invitation = z.object({ invitation: text(INVITATION_BYTES_MAX), expiresAt: Time });

export const PEOPLE_ROUTES = {
  serverStatus: row('GET', '/api/server', SERVER, 'Read', Empty, ServerStatus),
  showSettings: row('GET', '/api/server/settings', SERVER, 'Read', Empty, SettingsAnswer),
  changeSettings: row(
    'PATCH',
    '/api/server/settings',
    SERVER,
    'Write',
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
    SERVER,
    'Read',
    /** A repair writes keys, and needs the right to. */
    z.object({ repair: z.literal(true).optional() }),
    VerifyAnswer,
  ),
  ...SEAL_ROUTES,

  recoverFromPrimary: row(
    'POST',
    '/api/server/recovery',
    KEYS,
    'Write',
    Empty,
    z.object({
      primary: ServerNameSchema,
      new: z.number(),
      known: z.number(),
      /** Keys the primary lists and did not give, or gave otherwise than it should. */
      notGiven: list(z.object({ id: Uuid, reason: text(NAME_LENGTH_MAX) }), REPORT_NAMES_MAX),
      /** Besides those that are named. */
      moreNotGiven: z.number().optional(),
    }),
  ),

  inviteSecondary: row(
    'POST',
    '/api/hierarchy/invitations',
    HIERARCHY,
    'Write',
    z.object({ dmz: z.boolean().optional(), expiresMs: InvitationMs.optional() }),
    Invitation,
  ),
  joinHierarchy: row(
    'POST',
    '/api/hierarchy/join',
    HIERARCHY,
    'Write',
    z.object({ invitation: text(INVITATION_BYTES_MAX), useHierarchy: z.literal(true).optional() }),
    z.object({
      primary: ServerNameSchema,
      useHierarchy: z.boolean(),
      primaryUsesHierarchy: z.boolean(),
      dmz: z.boolean(),
      /** The invitation was of the primary this server has: only its addresses were renewed. */
      addressesUpdated: z.boolean(),
      addresses: Addresses,
    }),
  ),
  showHierarchy: row('GET', '/api/hierarchy', HIERARCHY, 'Read', Empty, HierarchyAnswer),
  heartbeatNow: row(
    'POST',
    '/api/hierarchy/heartbeat',
    HIERARCHY,
    'Write',
    Empty,
    z.object({ acknowledgedSeq: z.number(), transmitted: z.number() }),
  ),
  setServer: row(
    'PATCH',
    '/api/hierarchy/servers/:server',
    HIERARCHY,
    'Write',
    z.object({ server: Named, dmz: z.boolean() }),
    z.object({ server: ServerNameSchema, dmz: z.boolean() }),
  ),
  removeServer: row(
    'DELETE',
    '/api/hierarchy/servers/:server',
    HIERARCHY,
    'Write',
    z.object({ server: Named }),
    z.object({ server: ServerNameSchema }),
  ),
  allowRecovery: row(
    'POST',
    '/api/hierarchy/servers/:server/recovery',
    HIERARCHY,
    'Write',
    z.object({
      server: Named,
      expiresMs: whole(1000, RECOVERY_MS_MAX).optional(),
      /** Ends what was allowed. */
      off: z.literal(true).optional(),
    }),
    z.object({ server: ServerNameSchema, expiresAt: Time.nullable() }),
  ),
  leaveHierarchy: row(
    'POST',
    '/api/hierarchy/leave',
    HIERARCHY,
    'Write',
    Empty,
    z.object({ primary: ServerNameSchema, told: z.boolean() }),
  ),

  listKeys: row(
    'GET',
    '/api/keys',
    KEYS,
    'Read',
    z.object({
      device: Named.optional(),
      find: text(NAME_LENGTH_MAX).optional(),
      after: z.coerce.number().int(STOPS).min(0, STOPS).optional(),
      limit: z.coerce.number().int(STOPS).min(1, STOPS).max(LIST_PAGE_MAX, STOPS).optional(),
    }),
    /** `next` is to be given as `after` for the following page. */
    z.object({
      keys: list(ListedKey, LIST_PAGE_MAX),
      /** Rows whose fields cannot be read: damaged. */
      unreadable: list(z.object({ id: Uuid, seq: z.number() }), LIST_PAGE_MAX),
      next: z.number().nullable(),
    }),
  ),
  showKey: row('GET', '/api/keys/:id', KEYS, 'Read', z.object({ id: Named }), z.object({ key: ListedKey })),
  explainKey: row(
    'POST',
    '/api/keys/explain',
    KEYS,
    'Read',
    z.object({ id: Named, claim: text(22).optional() }),
    ExplainResult,
  ),
  revealKey: row(
    'POST',
    '/api/keys/:id/reveal',
    KEYS,
    'Write',
    z.object({ id: Named, reason: remark(REASON_LENGTH_MAX) }),
    /** Text where the material is UTF-8, as all that Keystair makes is. */
    z.object({ id: Uuid, material: text(2 * KEY_MATERIAL_BYTES_MAX), encoding: z.enum(['text', 'base64']) }),
  ),

  inviteDevice: row(
    'POST',
    '/api/devices/invitations',
    DEVICES,
    'Write',
    z.object({ expiresMs: InvitationMs.optional() }),
    Invitation,
  ),
  listDevices: row(
    'GET',
    '/api/devices',
    DEVICES,
    'Read',
    z.object({
      after: text(PAGE_POSITION_LENGTH_MAX).optional(),
      limit: z.coerce.number().int(STOPS).min(1, STOPS).max(LIST_PAGE_MAX, STOPS).optional(),
    }),
    /** In order of name. `next` is to be given as `after` for the following page. */
    z.object({
      next: text(PAGE_POSITION_LENGTH_MAX).nullable(),
      devices: list(ListedDevice, LIST_PAGE_MAX),
    }),
  ),
  removeDevice: row(
    'DELETE',
    '/api/devices/:device',
    DEVICES,
    'Write',
    z.object({ device: Named }),
    z.object({ device: ServerNameSchema, keys: z.number() }),
  ),
} as const;

export type PeopleRoutes = typeof PEOPLE_ROUTES;
export type PeopleRouteName = keyof PeopleRoutes;
export type PeopleRequest<N extends PeopleRouteName> = z.input<PeopleRoutes[N]['request']>;
export type PeopleAnswer<N extends PeopleRouteName> = z.infer<PeopleRoutes[N]['answer']>;
