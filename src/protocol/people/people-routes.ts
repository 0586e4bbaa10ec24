/**
 * The calls that people make, through the command line now and the console next: one row each, with all rights it
 * needs. Served on the data directory's socket; the answers are the JSON of the command line.
 *
 * Invariant: a row uses nothing that only Node has, so a browser can load the table.
 */
import type { z } from 'zod';
import { DEVICES_ROUTES } from './routes/devices.ts';
import { HIERARCHY_ROUTES } from './routes/hierarchy.ts';
import { KEYS_ROUTES } from './routes/keys.ts';
import { SEAL_ROUTES } from './routes/seals.ts';
import { SERVER_ROUTES } from './routes/server.ts';

export const PEOPLE_ROUTES = {
  ...SERVER_ROUTES,
  ...SEAL_ROUTES,
  ...HIERARCHY_ROUTES,
  ...KEYS_ROUTES,
  ...DEVICES_ROUTES,
} as const;

export type PeopleRoutes = typeof PEOPLE_ROUTES;
export type PeopleRouteName = keyof PeopleRoutes;
export type PeopleRequest<N extends PeopleRouteName> = z.input<PeopleRoutes[N]['request']>;
export type PeopleAnswer<N extends PeopleRouteName> = z.infer<PeopleRoutes[N]['answer']>;
