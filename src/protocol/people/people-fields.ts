/** Fields that people's requests and answers share. */
import { z } from 'zod';
import { LIST_PAGE_MAX, NAME_LENGTH_MAX, PAGE_POSITION_LENGTH_MAX } from '#domain/limits.ts';
import { SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { STOPS, text } from '../forms.ts';

/** An id, a name or a time, for display. */
export const Field = text(NAME_LENGTH_MAX);
export const Sentence = text(SENTENCE_LENGTH_MAX);
/** An id or a unique name. */
export const Named = text(NAME_LENGTH_MAX, 1);
/** How many entries one page has. In a query numbers are text. */
export const PageLimit = z.coerce.number().int(STOPS).min(1, STOPS).max(LIST_PAGE_MAX, STOPS);
/**
 * Where a page begins: the `next` of the page before, which only the server reads. It stays valid while rows are added,
 * for the same filter and order.
 */
const Position = text(PAGE_POSITION_LENGTH_MAX, 1);
/** The fields by which every list is paged, beside its filter and order. Its answer has `next`. */
export const PAGE = { after: Position.optional(), limit: PageLimit.optional() };
/** The `after` of the following page; null at the end. A page may be short, or empty, and yet not be the last. */
export const Next = Position.nullable();
/** Part of a name, in any case of letters. */
export const Find = text(NAME_LENGTH_MAX);
/** The request of a call without fields. */
export const Empty = z.object({});
