/** The type of a call's handler, derived from its row in the table. */
import type { z } from 'zod';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRouteName, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { CallLife } from '../../environment/call-life.ts';

export type PeopleHandlers<Names extends PeopleRouteName> = {
  readonly [N in Names]: (
    caller: Caller,
    request: z.output<PeopleRoutes[N]['request']>,
    /** For calls that take long. */
    life?: CallLife,
  ) => Promise<PeopleAnswer<N>>;
};
