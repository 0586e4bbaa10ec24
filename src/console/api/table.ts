/**
 * The route table without its schemas: a page checks nothing by them, and they weigh as much as half of the console.
 * The build evaluates this file and puts its result in its place (`build.ts`).
 */
import type { CallForm } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { SIGN_IN_ROUTES } from '#protocol/people/sign-in-routes.ts';
import type { Route } from './route.ts';

const KEPT: ReadonlySet<string> = new Set([
  'method',
  'path',
  'rights',
  'besides',
  'limitable',
  'fresh',
  'act',
]);

function kept([name, row]: readonly [string, CallForm]): readonly [string, Route] {
  const parts = Object.entries(row).filter(([part]) => KEPT.has(part));
  return [name, Object.fromEntries(parts) as unknown as Route];
}

export const ROUTES: Readonly<Record<string, Route>> = Object.fromEntries(
  Object.entries<CallForm>({ ...PEOPLE_ROUTES, ...SIGN_IN_ROUTES }).map(kept),
);
