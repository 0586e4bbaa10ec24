/** The calls about long work that runs by itself, and the stream of what changes on the server. */
import { z } from 'zod';
import { JOBS_KEPT_MAX } from '#domain/message-limits.ts';
import { Uuid } from '../../fields.ts';
import { list } from '../../forms.ts';
import { Problem } from '../../problem.ts';
import { Empty, Field } from '../people-fields.ts';
import { row, streamRow } from '../people-route.ts';

/**
 * `interrupted`: the server stopped meanwhile. `cancelled`: the job ended because it was cancelled; a job that
 * completed all the same is `done`.
 */
const JOB_STATES = ['running', 'done', 'failed', 'cancelled', 'interrupted'] as const;

export const ListedJob = z.object({
  id: Uuid,
  /** The name of the call that it carries out. */
  operation: Field,
  by: Field,
  state: z.enum(JOB_STATES),
  startedAt: Field,
  endedAt: Field.nullable(),
  /** Its progress, in any unit; null if not known yet. */
  done: z.number().nullable(),
  of: z.number().nullable(),
  /** Why it failed. */
  problem: Problem.optional(),
});
export type ListedJob = z.infer<typeof ListedJob>;

/** Includes the answer of the call that it carries out, once it is done. */
export const ShownJob = ListedJob.extend({ answer: z.unknown().optional() });
export type ShownJob = z.infer<typeof ShownJob>;

/** Requests a job instead of the answer (RFC 7240). */
export const PREFER_JOB = 'respond-async';
export const EVENTS_MEDIA_TYPE = 'text/event-stream';

const ById = z.object({ id: Uuid });
const EXAMPLE = { id: '5b0c1a56-0f43-4d54-9d0c-2b8a7c1f6e11' };

export const JOB_ROUTES = {
  listJobs: row({
    method: 'GET',
    path: '/jobs',
    summary:
      'Lists the jobs of the last hour that the caller started or could have started, the newest first.',
    rights: 'signed-in',
    request: Empty,
    answer: z.object({ jobs: list(ListedJob, JOBS_KEPT_MAX) }),
    example: {},
  }),
  showJob: row({
    method: 'GET',
    path: '/jobs/{id}',
    summary: 'Shows a job, and the answer of the call that it carries out.',
    rights: 'signed-in',
    request: ById,
    answer: z.object({ job: ShownJob }),
    example: EXAMPLE,
  }),
  cancelJob: row({
    method: 'DELETE',
    path: '/jobs/{id}',
    summary: 'Cancels a job of the caller. What it did stays; a confirmed import continues.',
    rights: 'signed-in',
    request: ById,
    answer: z.object({ job: ShownJob }),
    example: EXAMPLE,
  }),
  watchJob: streamRow({
    method: 'GET',
    path: '/jobs/{id}/events',
    summary:
      'Sends events `job` with the present state of the job, whenever it has progressed, until it ends.',
    rights: 'signed-in',
    stream: 'events',
    mediaType: EVENTS_MEDIA_TYPE,
    request: ById,
    answer: z.unknown(),
    example: EXAMPLE,
  }),
  watchChanges: streamRow({
    method: 'GET',
    path: '/events',
    summary:
      'Events that say that something changed, of the kinds that the caller may see: `keys`, `hierarchy`, `devices`, `settings`, `approvals`, `people`, `jobs`, `audit`; and `reload` where the server does not know the last one that the caller had.',
    rights: 'signed-in',
    stream: 'events',
    mediaType: EVENTS_MEDIA_TYPE,
    request: Empty,
    answer: z.unknown(),
    example: {},
  }),
} as const;
