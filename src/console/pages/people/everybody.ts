/** All people of this server, to say who has a role. */
import { useQuery } from '@tanstack/react-query';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';

type Person = PeopleAnswer<'listPeople'>['people'][number];

/** Of a list of people: more than any server of ours has, and an end to the walk. */
const PAGES_MAX = 20;

export function useEverybody() {
  return useQuery({
    queryKey: ['people', 'everybody'],
    queryFn: async ({ signal }) => {
      const people: Person[] = [];
      let after: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const where = after === undefined ? {} : { after };
        const answer = await call('listPeople', { ...where, limit: 500 }, { signal });
        people.push(...answer.people);
        if (answer.next === null) break;
        after = answer.next;
      }
      return people;
    },
  });
}

export function holdersOf(role: string, people: readonly Person[]): readonly string[] {
  return people.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
}
