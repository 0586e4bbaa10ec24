/**
 * Reads the fields of a person's call, each from its one place.
 *
 * Invariant: a field that appears in another place, or twice, is refused; the server never chooses between two. So an
 * observer of a request, for example a proxy that reads only its path, sees what it does.
 */
import type { FastifyRequest } from 'fastify';
import { givesNameTwice } from '#domain/bounded-json.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { type CallForm, pathFields, requestFields, restPlace } from '#protocol/people/people-route.ts';
import { requireJson, misread, PEOPLE } from '../replies.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The input for the route's schema. Throws `invalid-argument`. */
export function fieldsOf(
  route: Pick<CallForm, 'method' | 'path' | 'request'>,
  request: FastifyRequest,
): Fields {
  const place = restPlace(route.method);
  if (place === 'query') requireNoBody(request);
  else requireNoQuery(request);
  const rest = place === 'query' ? request.query : (request.body ?? {});
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest))
    throw misread(PEOPLE, 'the body of the request is not a JSON object');
  for (const name of pathFields(route.path))
    if (Object.hasOwn(rest, name))
      throw misread(PEOPLE, `${name}: is in the path of this call, and must not be in the ${place} too`);
  if (place === 'query' && Object.values(rest).some((value) => Array.isArray(value)))
    throw misread(PEOPLE, 'a field is given twice in the query');
  const known = requestFields(route.request);
  const unknown = Object.keys(rest).find((name) => !known.includes(name));
  // Otherwise a misspelt filter would list everything, and a misspelt option would be ignored.
  if (unknown !== undefined) throw misread(PEOPLE, `${unknown}: this call has no such field`);
  return { ...rest, ...(request.params as Fields) };
}

/** Parses a JSON body in which no name appears twice. */
export function parseBody(text: string): unknown {
  const body = requireJson(PEOPLE, text, REQUEST_JSON);
  if (givesNameTwice(text, body)) throw misread(PEOPLE, 'a field is given twice in the body');
  return body;
}

/** For a call whose fields are in the body. */
export function requireNoQuery({ query }: FastifyRequest): void {
  if (Object.keys(query as Fields).length > 0)
    throw misread(PEOPLE, 'this call takes no fields in the query; they belong in its body');
}

function requireNoBody({ headers }: FastifyRequest): void {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    throw misread(PEOPLE, 'this call takes no body; its fields belong in path and query');
}
