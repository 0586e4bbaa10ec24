/** A page of the audit log for people. */
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { Reader } from '#store/transaction.ts';
import type { z } from 'zod';
import { listEvents } from '../audit/list-events.ts';
import { noSuchPosition } from '../members/list-position.ts';

/** Throws `invalid-argument` for a position that no page ended at. */
export async function listAudit(
  reader: Reader,
  { after, ...wanted }: z.output<PeopleRoutes['listAudit']['request']>,
): Promise<PeopleAnswer<'listAudit'>> {
  const line = /^\d{1,16}$/.test(after ?? '0') ? Number(after ?? '0') : Number.NaN;
  if (!Number.isSafeInteger(line)) throw noSuchPosition();
  const { events, searched, isEnd } = await listEvents(reader, { ...wanted, after: line });
  return { events, next: isEnd ? null : String(searched), searched };
}
