/**
 * The calls that people make, through the command line now and the console next: one row each, with the right it
 * needs. Served on the data directory's socket; the answers are the JSON of the command line.
 */
import { z } from 'zod';
import {
  HEARTBEAT_INTERVAL_MS_MAX,
  INVITATION_MS_MAX,
  LIST_PAGE_MAX,
  RECOVERY_MS_MAX,
  REASON_LENGTH_MAX,
} from '#domain/limits.ts';
import { Name, ServerNameSchema, Uuid } from './messages.ts';
import { ExplainResult, HierarchyAnswer, ListedKey, VerifyAnswer } from './people-answers.ts';
import { peopleRoute as row } from './people-route.ts';
import { DataKeyState, ShownSeal } from './seal-messages.ts';
import { SEAL_ROUTES } from './seal-routes.ts';

const Time = z.string();

const PRIMARY_STATES = ['connected', 'unreachable', 'refused', 'never-heard'] as const;
const SecondaryStatus = z.object({
  id: Uuid,
  name: Name,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  acknowledgedSeq: z.number(),
  lastHeartbeatAt: Time.nullable(),
  problem: z.string().nullable(),
});
export const ServerStatus = z.object({
  server: z.object({ id: Uuid, name: Name, version: z.string() }),
  useHierarchy: z.boolean(),
  keys: z.number(),
  headSeq: z.number(),
  epoch: z.string(),
  primary: z
    .object({
      id: Uuid,
      name: Name,
      state: z.enum(PRIMARY_STATES),
      useHierarchy: z.boolean(),
      dmz: z.boolean(),
      acknowledgedSeq: z.number(),
      lastHeartbeatAt: Time.nullable(),
      problem: z.string().nullable(),
    })
    .nullable(),
  secondaries: z.array(SecondaryStatus),
  devices: z.number(),
  listen: z.string(),
  /** To whom an export can be sealed so that only this server opens it: post-quantum hybrid, then X25519. */
  recipients: z.array(z.string()),
  /** How the root key is kept: each opens the server. */
  seals: z.array(ShownSeal),
  dataKey: DataKeyState,
  /** Sentences an administrator should act on. */
  warnings: z.array(z.string()),
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
  notHeard: z.array(ServerNameSchema),
});
export type SettingsAnswer = z.infer<typeof SettingsAnswer>;

const KEYS = 'Encryption key management';
const HIERARCHY = 'Hierarchy of Administration Servers';
const DEVICES = 'Managed devices';
const SERVER = 'Administration Server';
/** An id, or a name that only one has. */
const Named = z.string().min(1).max(255);
const Empty = z.object({});
const InvitationMs = z.number().int().min(1000).max(INVITATION_MS_MAX);
const Invitation = z.object({ invitation: z.string(), expiresAt: Time });

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
      heartbeat: z
        .number()
        .int()
        .min(1)
        .max(HEARTBEAT_INTERVAL_MS_MAX / 1000)
        .optional(),
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
      notGiven: z.array(z.object({ id: Uuid, reason: z.string() })),
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
    z.object({ invitation: z.string().max(8192), useHierarchy: z.literal(true).optional() }),
    z.object({
      primary: ServerNameSchema,
      useHierarchy: z.boolean(),
      primaryUsesHierarchy: z.boolean(),
      dmz: z.boolean(),
      /** The invitation was of the primary this server has: only its addresses were renewed. */
      addressesUpdated: z.boolean(),
      addresses: z.array(z.string()),
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
      expiresMs: z.number().int().min(1000).max(RECOVERY_MS_MAX).optional(),
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
      find: z.string().max(255).optional(),
      after: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(LIST_PAGE_MAX).optional(),
    }),
    /** `next` is to be given as `after` for the following page. */
    z.object({
      keys: z.array(ListedKey),
      /** Rows whose fields cannot be read: damaged. */
      unreadable: z.array(z.object({ id: Uuid, seq: z.number() })),
      next: z.number().nullable(),
    }),
  ),
  showKey: row('GET', '/api/keys/:id', KEYS, 'Read', z.object({ id: Named }), z.object({ key: ListedKey })),
  explainKey: row(
    'POST',
    '/api/keys/explain',
    KEYS,
    'Read',
    z.object({ id: Named, claim: z.string().max(22).optional() }),
    ExplainResult,
  ),
  revealKey: row(
    'POST',
    '/api/keys/:id/reveal',
    KEYS,
    'Write',
    z.object({ id: Named, reason: z.string().trim().min(1).max(REASON_LENGTH_MAX) }),
    /** Text where the material is UTF-8, as all that Keystair makes is. */
    z.object({ id: Uuid, material: z.string(), encoding: z.enum(['text', 'base64']) }),
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
      after: Uuid.optional(),
      limit: z.coerce.number().int().min(1).max(LIST_PAGE_MAX).optional(),
    }),
    /** In order of id. `next` is to be given as `after` for the following page. */
    z.object({
      next: Uuid.nullable(),
      devices: z.array(
        z.object({
          id: Uuid,
          name: Name,
          keys: z.number(),
          lastHeartbeatAt: Time.nullable(),
          /** `moved` names the server it went to; `arriving` has not moved over yet. */
          state: z.enum(['managed', 'arriving', 'moved']),
          movedTo: ServerNameSchema.optional(),
        }),
      ),
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
