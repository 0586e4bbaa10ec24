/**
 * The servers below one, as they are reported upward and shown. Invariant: the schema nests as deep as a lookup goes
 * and no deeper, so every walk of a parsed tree is bounded, whatever a neighbour sent.
 */
import { z } from 'zod';
import {
  LOOKUP_DEPTH_MAX,
  TREE_PROBLEM_LENGTH_MAX,
  TREE_SERVERS_MAX,
  TREE_SHOWN_SERVERS_MAX,
} from '#domain/limits.ts';
import { Name, Uuid } from './fields.ts';
import { ConsoleUrl } from './introduction.ts';
import { list, text, Time, whole } from './forms.ts';

/** A server below, as reported upward. */
export interface TreeServer {
  readonly id: string;
  readonly name: string;
  readonly useHierarchy: boolean;
  readonly dmz: boolean;
  /** Keys not yet acknowledged by its primary; null where it was not heard. */
  readonly waiting: number | null;
  readonly lastHeartbeatAt: string | null;
  readonly problem: string | null;
  /** Where people reach it, over TLS; absent where it has no console, or runs an earlier release. */
  readonly console?: string | undefined;
  /** When it became a secondary of the server above it. An earlier release omits it. */
  readonly joinedAt?: string | undefined;
  readonly secondaries: readonly TreeServer[];
}

/** What is shown of one server, the own one or one below. */
export const ShownServer = z.object({
  id: Uuid,
  name: Name,
  useHierarchy: z.boolean(),
  dmz: z.boolean(),
  waiting: whole().nullable(),
  lastHeartbeatAt: Time.nullable(),
  problem: text(TREE_PROBLEM_LENGTH_MAX).nullable(),
  console: ConsoleUrl.optional(),
});
const ToldServer = ShownServer.extend({ joinedAt: Time.optional() });
/** An earlier release reports more servers than are kept: they are cut, not refused. */
const SIDE_BY_SIDE_MAX = 2 * TREE_SERVERS_MAX;

/** One level inside the other, as many as a lookup has servers. Levels below the last are not read. */
function nestedSchema(server: z.ZodObject, sideBySideMax: number): z.ZodType<TreeServer[]> {
  let schema: z.ZodType = list(z.never(), 0).catch([]);
  for (let level = 0; level < LOOKUP_DEPTH_MAX; level += 1) {
    schema = list(server.extend({ secondaries: schema }), sideBySideMax);
  }
  return schema as z.ZodType<TreeServer[]>;
}

/** Servers side by side, with those below each: as servers report them, and as people see them. */
export const ToldServersSchema = nestedSchema(ToldServer, SIDE_BY_SIDE_MAX);
export const ShownServersSchema = nestedSchema(ShownServer, TREE_SHOWN_SERVERS_MAX);
