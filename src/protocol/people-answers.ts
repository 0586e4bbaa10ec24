/**
 * What people are answered where it is more than a line: a key in a list, the tree, the way of a lookup, what a
 * verification found; and the lines in which a long call tells how far it is.
 */
import { z } from 'zod';
import { ExplainStep } from './messages.ts';
import { Problem } from './problem.ts';
import { type TreeServer, ShownServersSchema } from './server-tree.ts';
import { KeyFieldsSchema } from './wire-key.ts';

const KEY_STATES = ['recorded', 'transmitted', 'acknowledged', 'refused'] as const;
export const ListedKey = KeyFieldsSchema.extend({
  state: z.enum(KEY_STATES),
  /** Its number in this repository. */
  seq: z.number(),
  receivedFrom: z.string(),
  recordedAt: z.string(),
  /** Why the primary refused it. */
  refusedBecause: z.string().optional(),
});
export type ListedKey = z.infer<typeof ListedKey>;

export const HierarchyAnswer = z.object({
  server: z.custom<Omit<TreeServer, 'secondaries'>>(),
  primary: z.custom<Omit<TreeServer, 'secondaries'>>().nullable(),
  secondaries: ShownServersSchema,
});
export type HierarchyAnswer = z.infer<typeof HierarchyAnswer>;

/** Where a damaged key can be had again: from its own row, a neighbour, a device's receipt, or a file. */
const PlaceOfKey = z.object({
  place: z.enum(['here', 'primary', 'secondary', 'device', 'export']),
  /** Null for an export: whoever keeps one knows. */
  id: z.string().nullable(),
  name: z.string().nullable(),
});
export type PlaceOfKey = z.infer<typeof PlaceOfKey>;

export const VerifyAnswer = z.object({
  ok: z.boolean(),
  keys: z.number(),
  /** Sentences, those of `damaged` first. */
  problems: z.array(z.string()),
  damaged: z.array(
    z.object({
      /** Its number; up to `to` where a run of rows is missing. */
      seq: z.number(),
      to: z.number(),
      /** As the row says, or the audit log where there is none; null where neither tells. */
      id: z.string().nullable(),
      what: z.string(),
      places: z.array(PlaceOfKey),
    }),
  ),
  /** What a repair did, before everything else here was found. */
  repair: z
    .object({
      mended: z.array(
        z.object({
          seq: z.number(),
          id: z.string(),
          /** `here`, or who brought the record again, as `primary:ID`. */
          from: z.string(),
          /** Of the server that brought it. */
          name: z.string().nullable(),
        }),
      ),
      /** Who was asked for the rest, and how that is hastened. */
      waiting: z.array(
        z.object({
          place: z.enum(['primary', 'secondary', 'device']),
          id: z.string(),
          name: z.string(),
          nextStep: z.string(),
        }),
      ),
      /** What was in the way, each with its next step. */
      obstacles: z.array(z.string()),
    })
    .optional(),
});
export type VerifyAnswer = z.infer<typeof VerifyAnswer>;

export const ExplainResult = z.object({
  verdict: z.string(),
  path: z.array(ExplainStep),
  nextStep: z.string(),
});
export type ExplainResult = z.infer<typeof ExplainResult>;

/**
 * A line of an answer to whoever accepts lines (`LINES_MEDIA_TYPE`): how far a long call is, and last how it ended.
 */
export const PeopleLine = z.union([
  z.object({ done: z.number(), of: z.number() }),
  z.object({ answer: z.unknown() }),
  z.object({ problem: Problem }),
]);
export type PeopleLine = z.infer<typeof PeopleLine>;
