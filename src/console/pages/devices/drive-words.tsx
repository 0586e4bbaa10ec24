/** A device's drives in few words, with a mark. */
import { Group } from '@mantine/core';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { type State, StateMark } from '../../parts/state-mark.tsx';
import { useTimes } from '../../parts/times.ts';
import { DRIVES } from '../../texts/drives.ts';
import { useTexts } from '../../texts/language.tsx';

type Counts = PeopleAnswer<'listDevices'>['devices'][number]['drives'];

export function useDriveWords(): (told: Omit<NonNullable<Counts>, 'drives'>) => string {
  const texts = useTexts(DRIVES);
  const times = useTimes();
  return ({ demanded, proved, problems }) => {
    if (problems > 0) return texts.problems(times.number(problems));
    return demanded === 0 ? texts.none : texts.proved(times.number(proved), times.number(demanded));
  };
}

function stateOf({ demanded, proved, problems }: NonNullable<Counts>): State {
  if (problems > 0) return 'bad';
  if (demanded === 0) return 'apart';
  return proved === demanded ? 'good' : 'off';
}

export function DriveWords({ told }: { readonly told: Counts }) {
  const words = useDriveWords();
  if (told === null) return <>–</>;
  return (
    <Group gap={6} wrap="nowrap">
      <StateMark state={stateOf(told)} />
      <span>{words(told)}</span>
    </Group>
  );
}
