/** One call that people make: how it travels, which right it needs, and the schemas of both bodies. */
import type { z } from 'zod';
import type { RequiredRight } from '#domain/right.ts';

export interface PeopleRoute<Request extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `:name` parts and, for GET and DELETE, the query come from the request's fields; the rest is the JSON body. */
  readonly path: string;
  readonly right: RequiredRight;
  readonly request: Request;
  readonly answer: Answer;
}

export function peopleRoute<Request extends z.ZodType, Answer extends z.ZodType>(
  method: PeopleRoute['method'],
  path: string,
  area: RequiredRight['area'],
  right: RequiredRight['right'],
  request: Request,
  answer: Answer,
): PeopleRoute<Request, Answer> {
  return { method, path, right: { area, right }, request, answer };
}
