/**
 * Longer answers to people: a key or device in a list, the tree, the trace of a lookup, the findings of a verification;
 * and the lines in which a long call reports progress.
 */
import { z } from 'zod';
import { KEY_KINDS } from '#domain/key-kind.ts';
import { KEY_STATES } from '#domain/key-state.ts';
import { LOOKUP_REASONS } from '#domain/lookup-reason.ts';
import { DEVICE_STATES } from '#domain/member.ts';
import {
  ASKED_SERVERS_MAX,
  PEOPLE_LIST_MAX,
  REFUSED_REASON_LENGTH_MAX,
  REPORT_NAMES_MAX,
} from '#domain/message-limits.ts';
import { DriveReportForm } from '../drive-report.ts';
import { ExplainStep } from '../explain-step.ts';
import { Name, ServerNameSchema, Uuid } from '../fields.ts';
import { list, text } from '../forms.ts';
import { Problem } from '../problem.ts';
import { ShownServer, ShownServersSchema } from '../server-tree.ts';
import { NoticeForm, ToldStepFields } from '../told-step.ts';
import { Field, Sentence } from './people-fields.ts';

/** The public fields of a key. */
const KeyFields = z.object({
  id: Field,
  kind: z.enum(KEY_KINDS),
  claimHash: Field,
  device: z.object({ id: Field, name: Field }),
  locator: z.object({
    luksUuid: Field.optional(),
    label: Field.optional(),
    serial: Field.optional(),
    recoveryId: Field.optional(),
  }),
  algorithm: Field,
  origin: Field,
  createdAt: Field,
  replaces: Field.nullable(),
});

export const ListedKey = KeyFields.extend({
  state: z.enum(KEY_STATES),
  /** Its number in this repository. */
  seq: z.number(),
  receivedFrom: Field,
  recordedAt: Field,
  /** When it was revealed, where no device has proved a new key since; ISO 8601. */
  notRotatedSince: Field.optional(),
  /** Why the primary refused it. */
  refusedBecause: text(REFUSED_REASON_LENGTH_MAX).optional(),
});
export type ListedKey = z.infer<typeof ListedKey>;

export const ListedDevice = z.object({
  id: Uuid,
  name: Name,
  keys: z.number(),
  lastHeartbeatAt: Field.nullable(),
  /** In which it stands. */
  group: z.object({ id: Field, name: Field }),
  /** `moved` names the server it moved to; `arriving` has not finished moving here. */
  state: z.enum(DEVICE_STATES),
  movedTo: ServerNameSchema.optional(),
  /** What it told of its drives, in numbers; null where it never told. Its own word. */
  drives: z
    .object({ drives: z.number(), demanded: z.number(), proved: z.number(), problems: z.number() })
    .nullable(),
});

export const ShownDevice = ListedDevice.extend({
  /** When it told of its drives; null where it never did. */
  reportedAt: Field.nullable(),
  report: DriveReportForm.nullable(),
});

/** The problem of the link to the primary may list every address that was tried. */
const OwnServer = ShownServer.extend({ problem: Sentence.nullable() });

export const HierarchyAnswer = z.object({
  server: OwnServer,
  primary: OwnServer.nullable(),
  secondaries: ShownServersSchema,
  /** Neighbours that an export can be sealed to. */
  sealable: list(ServerNameSchema, PEOPLE_LIST_MAX),
});
export type HierarchyAnswer = z.infer<typeof HierarchyAnswer>;

/** Where a damaged key can be recovered: from its own row, a neighbour, a device's receipt, or a file. */
const PlaceOfKey = z.object({
  place: z.enum(['here', 'primary', 'secondary', 'device', 'export']),
  /** Null for an export, because only the people who keep it know where it is. */
  id: Field.nullable(),
  name: Field.nullable(),
});
export type PlaceOfKey = z.infer<typeof PlaceOfKey>;

export const VerifyAnswer = z.object({
  ok: z.boolean(),
  keys: z.number(),
  /** Those of `damaged` first. */
  problems: list(NoticeForm, PEOPLE_LIST_MAX),
  damaged: list(
    z.object({
      /** Its number; up to `to` where a run of rows is missing. */
      seq: z.number(),
      to: z.number(),
      /** From the row, or from the audit log if there is no row; null if neither has it. */
      id: Field.nullable(),
      what: Sentence,
      places: list(PlaceOfKey, PEOPLE_LIST_MAX),
    }),
    PEOPLE_LIST_MAX,
  ),
  /** What a repair did. The other fields show the state after it. */
  repair: z
    .object({
      repaired: list(
        z.object({
          seq: z.number(),
          id: Field,
          /** `here`, or who brought the record, as `primary:ID`. */
          from: Field,
          /** The name of the server that brought it. */
          name: Field.nullable(),
        }),
        REPORT_NAMES_MAX,
      ),
      /** How many more were repaired. */
      moreRepaired: z.number().optional(),
      /** Who was asked for the rest, and how to speed it up. */
      waiting: list(
        z.object({
          place: z.enum(['primary', 'secondary', 'device']),
          id: Field,
          name: Field,
          ...ToldStepFields,
        }),
        PEOPLE_LIST_MAX,
      ),
      /** What blocked the repair. */
      obstacles: list(NoticeForm, PEOPLE_LIST_MAX),
    })
    .optional(),
});
export type VerifyAnswer = z.infer<typeof VerifyAnswer>;

export const ExplainResult = z.object({
  verdict: Sentence,
  path: list(ExplainStep, ASKED_SERVERS_MAX + 1),
  ...ToldStepFields,
  /** The verdict by name, for surfaces with words of their own. */
  about: z
    .object({
      /** Why it cannot be had; or where it is: `here`, or at a server to which every link is open. */
      reason: z.enum([...LOOKUP_REASONS, 'here', 'elsewhere']),
      /** The name of the server where that is so. */
      at: Field,
      /** The names of those that looked into their own repository. */
      asked: list(Field, ASKED_SERVERS_MAX + 1),
      /** Of a primary that cannot be reached; null where it was never heard. */
      since: Field.nullable(),
    })
    .optional()
    .catch(undefined),
});
export type ExplainResult = z.infer<typeof ExplainResult>;

/**
 * A line of an answer to a caller that accepts lines (`LINES_MEDIA_TYPE`): the progress of a long call, and in the last
 * line its outcome.
 */
export const PeopleLine = z.union([
  z.object({ done: z.number(), of: z.number() }),
  z.object({ answer: z.unknown() }),
  z.object({ problem: Problem }),
]);
export type PeopleLine = z.infer<typeof PeopleLine>;
