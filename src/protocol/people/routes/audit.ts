/**
 * The calls about the audit log: its events, proofs that they are in it, its checkpoint, and the gaps in neighbours'
 * witnessed logs.
 */
import { z } from 'zod';
import { LIST_PAGE_MAX, NAME_LENGTH_MAX } from '#domain/limits.ts';
import { AUDIT_LINE_LENGTH_MAX, REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import { read, write } from '#domain/right.ts';
import { Note, VerifierKeys } from '../../checkpoint-messages.ts';
import { ServerNameSchema } from '../../fields.ts';
import { base64, list, STOPS, text, Time } from '../../forms.ts';
import { NoticeForm } from '../../told-step.ts';
import { Empty, Field, Find, Named, Next, PAGE } from '../people-fields.ts';
import { row } from '../people-route.ts';

const LOG = 'Audit log';

const Root = text(64);
/** A line number in a path, where numbers are text. */
const LineNumber = z.coerce.number().int(STOPS).min(0, STOPS).max(Number.MAX_SAFE_INTEGER, STOPS);

export const ListedEvent = z.object({
  /** The number of its line: 1, 2, 3 … */
  number: z.number(),
  at: Field,
  event: Field,
  by: text(2 * NAME_LENGTH_MAX),
  /** The whole event as JSON: the exact text that is hashed. */
  line: text(AUDIT_LINE_LENGTH_MAX),
});
export type ListedEvent = z.infer<typeof ListedEvent>;

/** A note and the keys that verify it. The keys prove something only to readers who know them from elsewhere. */
const SignedNote = { checkpoint: Note, keys: VerifierKeys };

export const AUDIT_ROUTES = {
  listAudit: row({
    method: 'GET',
    path: '/audit/events',
    summary: 'Lists the events of the audit log by number, page by page. A page of a search may be empty.',
    rights: [read(LOG)],
    request: z.object({
      /** Text anywhere in the event, in any case of letters. */
      find: Find.optional(),
      /** Events from then on, and events before then. */
      since: Time.optional(),
      until: Time.optional(),
      ...PAGE,
    }),
    answer: z.object({
      events: list(ListedEvent, LIST_PAGE_MAX),
      next: Next,
      /** The last line that was searched. */
      searched: z.number(),
    }),
    example: { find: 'key-revealed', since: '2026-11-01T00:00:00Z' },
  }),
  verifyAudit: row({
    method: 'POST',
    path: '/audit/verify',
    summary:
      'Recomputes the tree of the audit log, and compares it with its MACs and the signed checkpoints.',
    rights: [read(LOG)],
    request: Empty,
    answer: z.object({
      ok: z.boolean(),
      size: z.number(),
      root: Root,
      problems: list(NoticeForm, REPORT_NAMES_MAX + 1),
    }),
    example: {},
  }),
  auditProof: row({
    method: 'GET',
    path: '/audit/proofs/{id}',
    summary: 'Proves with a few hashes that a line is in the log that the newest checkpoint signs.',
    rights: [read(LOG)],
    request: z.object({ id: LineNumber }),
    answer: z.object({
      number: z.number(),
      line: text(AUDIT_LINE_LENGTH_MAX),
      size: z.number(),
      root: Root,
      hashes: list(base64(44), 64),
      ...SignedNote,
      /** The same as C2SP tlog-proof writes it. */
      proof: text(16 * 1024),
    }),
    example: { id: 4711 },
  }),
  auditCheckpoint: row({
    method: 'GET',
    path: '/audit/checkpoint',
    summary: 'Signs the present state of the audit log, and shows what the primary last countersigned.',
    rights: [read(LOG)],
    request: Empty,
    answer: z.object({
      ...SignedNote,
      /** The last one that the primary countersigned; its keys are those of the primary. */
      countersigned: z
        .object({ primary: ServerNameSchema, size: z.number(), at: Field, ...SignedNote })
        .nullable(),
    }),
    example: {},
  }),
  acknowledgeAuditGap: row({
    method: 'POST',
    path: '/audit/gaps/{id}/acknowledge',
    summary:
      'Acknowledges that the log of a neighbour is not the one that was witnessed. Its next checkpoint is taken as the first.',
    rights: [write(LOG)],
    request: z.object({ id: Named }),
    answer: z.object({ server: ServerNameSchema, gaps: z.number() }),
    example: { id: 'Lyon' },
  }),
} as const;
