/**
 * The calls that people make, through the command line, the console or their own programs: one row each, with all the
 * rights that it needs. The answers are also the JSON of the command line.
 *
 * Invariant: a row uses nothing that only Node has, so a browser can load the table.
 */
import type { z } from 'zod';
import { APPROVALS_ROUTES } from './routes/approvals.ts';
import { AUDIT_ROUTES } from './routes/audit.ts';
import { BACKUP_ROUTES } from './routes/backups.ts';
import { DEVICES_ROUTES } from './routes/devices.ts';
import { GROUPS_ROUTES } from './routes/groups.ts';
import { HIERARCHY_ROUTES } from './routes/hierarchy.ts';
import { JOB_ROUTES } from './routes/jobs.ts';
import { KEYS_ROUTES } from './routes/keys.ts';
import { PERSON_ROUTES } from './routes/people.ts';
import { POLICIES_ROUTES } from './routes/policies.ts';
import { ROLE_ROUTES } from './routes/roles.ts';
import { SEAL_ROUTES } from './routes/seals.ts';
import { SERVER_ROUTES } from './routes/server.ts';
import { SESSION_ROUTES } from './routes/sessions.ts';
import { TRANSFER_ROUTES } from './routes/transfers.ts';
import type { StreamKind, StreamRoute } from './people-route.ts';

export const PEOPLE_ROUTES = {
  ...SERVER_ROUTES,
  ...SEAL_ROUTES,
  ...HIERARCHY_ROUTES,
  ...KEYS_ROUTES,
  ...TRANSFER_ROUTES,
  ...BACKUP_ROUTES,
  ...JOB_ROUTES,
  ...DEVICES_ROUTES,
  ...GROUPS_ROUTES,
  ...POLICIES_ROUTES,
  ...AUDIT_ROUTES,
  ...PERSON_ROUTES,
  ...ROLE_ROUTES,
  ...SESSION_ROUTES,
  ...APPROVALS_ROUTES,
} as const;

export type PeopleRoutes = typeof PEOPLE_ROUTES;
export type PeopleRouteName = keyof PeopleRoutes;
/** The calls whose request or answer is bytes. */
export type StreamRouteName<Kind extends StreamKind = StreamKind> = {
  [N in PeopleRouteName]: PeopleRoutes[N] extends StreamRoute<Kind> ? N : never;
}[PeopleRouteName];
/** The calls with JSON in both directions. */
export type PeopleCallName = Exclude<PeopleRouteName, StreamRouteName>;
export type PeopleRequest<N extends PeopleRouteName> = z.input<PeopleRoutes[N]['request']>;
export type PeopleAnswer<N extends PeopleRouteName> = z.infer<PeopleRoutes[N]['answer']>;
