/**
 * What machines say to one another, as schemas. Unknown fields are dropped, so that a neighbour one release ahead is
 * understood. Byte strings are hexadecimal or base64 as noted; times are ISO 8601 in UTC.
 */
import { z } from 'zod';
import {
  DEVICE_PAGE_MAX,
  HEARTBEAT_INTERVAL_MS_MAX,
  HEARTBEAT_INTERVAL_MS_MIN,
  LOOKUP_DEADLINE_MS_MAX,
  LOOKUP_DEPTH_MAX,
  RECOVERY_PAGE_KEYS,
  TRANSMISSION_KEYS_MAX,
} from '#domain/limits.ts';
import {
  ASKED_SERVERS_MAX,
  CERTIFICATE_LENGTH_MAX,
  DRIVES_REPORTED_MAX,
  FILE_KEY_LENGTH_MAX,
  INVITATION_SECRET_LENGTH_MAX,
  LINE_ID_LENGTH_MAX,
  RECEIPT_LENGTH_MAX,
  REFUSED_REASON_LENGTH_MAX,
} from '#domain/message-limits.ts';
import { LOOKUP_REASONS } from '#domain/lookup-reason.ts';
import { ExplainStep } from './explain-step.ts';
import { LogAnswer, LogStatement, ToldCheckpoint } from './checkpoint-messages.ts';
import { ClaimText, FileStanzas } from './data-header.ts';
import { ToldDrives } from './drive-report.ts';
import { Addresses, Name, ServerNameSchema, ShortDigest, Uuid } from './fields.ts';
import { Introduction } from './introduction.ts';
import { list, matching, text, Time, whole } from './forms.ts';
import { DevicePolicy, HeldPolicy, PrimaryPolicy } from './policy-messages.ts';
import { ToldServersSchema } from './server-tree.ts';
import { WireKeySchema } from './wire-key.ts';

const Hex32 = matching(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const Epoch = matching(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits');
const Seq = whole();
const Certificate = text(CERTIFICATE_LENGTH_MAX);
const Receipt = text(RECEIPT_LENGTH_MAX);

/** Servers upward from one, as many as a lookup asks. */
export const ServerLine = list(ServerNameSchema, LOOKUP_DEPTH_MAX);

// --- joining ---

/** `secret` is the invitation's, in base64url. The joiner's public key is that of its TLS certificate. */
export const JoinRequest = z.object({
  secret: text(INVITATION_SECRET_LENGTH_MAX, 1),
  id: Uuid,
  name: Name,
  kind: z.enum(['device', 'secondary']),
  /** A device that still belongs to another server, and moves over only once its keys are here. */
  arriving: z.boolean().optional(),
});
export const JoinAnswer = z.object({
  server: ServerNameSchema,
  /** The member's certificate and the authority's, PEM. */
  certificate: Certificate,
  authority: Certificate,
  addresses: Addresses,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
});
export type JoinAnswer = z.infer<typeof JoinAnswer>;

export const RenewAnswer = z.object({
  certificate: Certificate,
  authority: Certificate,
  addresses: Addresses,
});

// --- heartbeat of a secondary ---

export const HeartbeatRequest = z.object({
  name: Name,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  epoch: Epoch,
  seq: Seq,
  chain: Hex32,
  /** First 16 hexadecimal digits of a digest of the servers below; the servers themselves only when the primary asked. */
  treeDigest: ShortDigest,
  tree: ToldServersSchema.optional(),
  /** The interval of its heartbeats: after three without one its primary shows it as silent. */
  heartbeatMs: whole(HEARTBEAT_INTERVAL_MS_MIN, HEARTBEAT_INTERVAL_MS_MAX).optional(),
  /** How its audit log stands. An earlier release omits it. */
  log: LogStatement.optional(),
  checkpoint: ToldCheckpoint.optional(),
  /** The primary's policy that it has. Absent where it takes none, and from an earlier release. */
  policy: HeldPolicy.optional(),
  ...Introduction.shape,
});
export type HeartbeatRequest = z.infer<typeof HeartbeatRequest>;

export const HeartbeatAnswer = z.object({
  name: Name,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  /** What this primary has durably received in that epoch. */
  acknowledged: z.object({ seq: Seq, chain: Hex32 }),
  /** Send the tree with another heartbeat. */
  wantTree: z.boolean().optional(),
  addresses: Addresses.optional(),
  /** The primary heard two copies of one server. */
  copies: z.boolean().optional(),
  /** The servers above this primary, nearest first: none of them may join below. An earlier release omits it. */
  line: ServerLine.optional(),
  /** Absent where the audit log stands as the primary holds it. */
  log: LogAnswer.optional(),
  /** The policy of this primary's root group, where the secondary takes it and has another one. */
  policy: PrimaryPolicy.optional(),
  ...Introduction.shape,
});
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>;

// --- transmission: JSON lines ---

/** First line. The batch continues from this number and chain value. */
export const TransmissionStart = z.object({ epoch: Epoch, seq: Seq, chain: Hex32 });
/** Last line: the position that the batch reaches. A body without it was cut off. */
export const TransmissionEnd = z.object({ end: z.object({ seq: Seq, chain: Hex32 }) });
export const TransmissionAnswer = z.object({
  outcome: z.enum(['received', 'discontinuous', 'closed', 'later']),
  /** The receiver's cursor, after the batch. */
  acknowledged: z.object({ seq: Seq, chain: Hex32 }),
  /** `id` is empty where the line named none. */
  refused: list(
    z.object({ seq: Seq, id: text(LINE_ID_LENGTH_MAX), reason: text(REFUSED_REASON_LENGTH_MAX) }),
    TRANSMISSION_KEYS_MAX,
  ),
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  /** With `later`: sending the same batch sooner is pointless. An earlier release omits it. */
  waitMs: whole().optional(),
});
export type TransmissionAnswer = z.infer<typeof TransmissionAnswer>;

// --- lookup ---

export const LookupRequest = z.object({
  id: Uuid,
  claim: ClaimText,
  /** Servers that have looked already, in order. */
  asked: list(ServerNameSchema, ASKED_SERVERS_MAX),
  remainingMs: whole(1, LOOKUP_DEADLINE_MS_MAX),
});
const LookupRefusalSchema = z.object({
  outcome: z.literal('not-found'),
  reason: z.enum(LOOKUP_REASONS),
  at: ServerNameSchema,
  asked: list(ServerNameSchema, ASKED_SERVERS_MAX),
  since: Time.nullable().optional(),
});
export const LookupAnswer = z.union([
  z.object({ outcome: z.literal('found'), complete: WireKeySchema, source: ServerNameSchema }),
  LookupRefusalSchema,
]);
export type LookupAnswer = z.infer<typeof LookupAnswer>;

// --- explain ---

export const ExplainRequest = z.object({
  id: Uuid,
  claim: ClaimText.optional(),
  asked: list(ServerNameSchema, ASKED_SERVERS_MAX),
  remainingMs: whole(1, LOOKUP_DEADLINE_MS_MAX),
});
export const ExplainAnswer = z.object({
  path: list(ExplainStep, ASKED_SERVERS_MAX),
  /** Why the primary let nothing cross to the asker, where the reason is not the primary's own option. */
  closed: z.enum(['dmz', 'option-off']).optional(),
  /** The reason why a lookup would be refused. Absent where the key was found on the path, or from an earlier release. */
  refusal: LookupRefusalSchema.optional(),
});
export type ExplainAnswer = z.infer<typeof ExplainAnswer>;

// --- recovery: a secondary gets back what it once sent ---

const RECOVERY_REFUSALS = ['not-allowed', 'link-in-dmz', 'option-off'] as const;
const RecoveryRefusalSchema = z.object({
  outcome: z.literal('refused'),
  reason: z.enum(RECOVERY_REFUSALS),
  at: ServerNameSchema,
});
export type RecoveryRefusal = z.infer<typeof RecoveryRefusalSchema>;

/** Ids and digests of the keys that came from the caller, numbered above `after` in the primary's repository. */
export const RecoverableRequest = z.object({ after: Seq });
export const RecoverableAnswer = z.union([
  z.object({
    outcome: z.literal('page'),
    keys: list(z.object({ id: Uuid, digest: Hex32 }), 2 * RECOVERY_PAGE_KEYS),
    /** The `after` of the next page; null at the end. */
    next: Seq.nullable(),
    /** The last number there is, to show progress. */
    of: Seq,
  }),
  RecoveryRefusalSchema,
]);
export const RecoverRequest = z.object({ ids: list(Uuid, RECOVERY_PAGE_KEYS, 1) });
/** Any of `ids` in neither list did not fit, and must be asked for again. */
export const RecoverAnswer = z.union([
  z.object({
    outcome: z.literal('keys'),
    keys: list(WireKeySchema, RECOVERY_PAGE_KEYS),
    notGiven: list(z.object({ id: Uuid, reason: z.enum(['unknown', 'unreadable']) }), RECOVERY_PAGE_KEYS),
  }),
  RecoveryRefusalSchema,
]);

// --- devices ---

export const DeviceHeartbeatRequest = z.object({
  name: Name,
  receipts: z.object({ count: Seq, digest: Hex32 }),
  /** The policy that the device has. An earlier release omits it, and is sent none. */
  policy: HeldPolicy.optional(),
  /** An earlier release omits it. */
  drives: ToldDrives.optional(),
});
export const DeviceHeartbeatAnswer = z.object({
  server: ServerNameSchema,
  addresses: Addresses,
  /** The server's count of receipts differs: show them. */
  receipts: z.enum(['agree', 'differ']),
  /** The policy that holds, where the device has another one. An earlier release omits it. */
  policy: DevicePolicy.optional(),
  /** Send the report of the drives with another heartbeat. */
  wantDrives: z.boolean().optional(),
  /** Keys of drives that it reported, which were revealed: they are to be replaced where the policy says so. */
  rotate: list(Uuid, DRIVES_REPORTED_MAX).optional(),
});

export const RecordRequest = z.object({ complete: WireKeySchema });
/** The acknowledgement: durable here. The receipt is opaque to the device, base64. */
export const RecordAnswer = z.object({ id: Uuid, receipt: Receipt, server: ServerNameSchema });

export const MissingReceiptsRequest = z.object({ ids: list(Uuid, DEVICE_PAGE_MAX) });
export const MissingReceiptsAnswer = z.object({ missing: list(Uuid, DEVICE_PAGE_MAX) });
export const ReturnReceiptsRequest = z.object({
  receipts: list(z.object({ id: Uuid, receipt: Receipt }), DEVICE_PAGE_MAX),
});
export const ReturnReceiptsAnswer = z.object({
  recorded: Seq,
  known: Seq,
  refused: list(Uuid, DEVICE_PAGE_MAX),
});

export const DeviceLookupRequest = z.object({ id: Uuid, claim: ClaimText });
/** Material of a `volume` key only; base64. */
export const DeviceLookupAnswer = z.union([
  z.object({ outcome: z.literal('found'), complete: WireKeySchema, source: ServerNameSchema }),
  LookupRefusalSchema,
]);

export const UnwrapRequest = z.object({
  id: Uuid,
  claim: ClaimText,
  /** The header's stanzas other than Keystair's own; bodies in base64. */
  stanzas: FileStanzas,
});
/** The one file's key, 16 bytes in base64. The identity stays where it is. */
export const UnwrapAnswer = z.union([
  z.object({ outcome: z.literal('found'), fileKey: text(FILE_KEY_LENGTH_MAX), source: ServerNameSchema }),
  LookupRefusalSchema,
]);

export const ArriveRequest = z.object({
  keys: list(z.object({ id: Uuid, claim: ClaimText }), DEVICE_PAGE_MAX),
});
export const ArriveAnswer = z.object({
  keys: list(
    z.union([
      z.object({ id: Uuid, outcome: z.literal('recorded'), receipt: Receipt }),
      LookupRefusalSchema.extend({ id: Uuid }),
    ]),
    DEVICE_PAGE_MAX,
  ),
});

/** To the new server: the device has moved over. To the old one: it has left. */
export const MovedRequest = z.object({ server: ServerNameSchema });
export const Empty = z.object({});
