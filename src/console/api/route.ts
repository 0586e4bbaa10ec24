/** A row of the people's API as the console has it: how a call travels, and what it asks of its caller. */
import type { PeopleRoute } from '#protocol/people/people-route.ts';

export type Route = Pick<PeopleRoute, 'method' | 'path' | 'fresh' | 'act' | 'limitable'> & {
  /** Missing for a call that anybody makes. */
  readonly rights?: readonly Right[] | 'signed-in';
  readonly besides?: Readonly<Record<string, readonly Right[]>>;
};

export interface Right {
  readonly area: string;
  readonly right: string;
  /** The names of the groups to which it is limited, where it has to hold everywhere. */
  readonly limitedTo?: readonly string[];
}
