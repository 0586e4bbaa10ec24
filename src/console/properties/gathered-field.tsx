/** A part of an export that is gathered first: the keys that a search finds, or the devices of a group. */
import { Select, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { call } from '../api/call.ts';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useTimes } from '../parts/times.ts';
import { useTexts } from '../texts/language.tsx';
import { TRANSFER } from '../texts/transfer.ts';
import { type Gathered, NAMED_MAX, useFoundKeys, useGroupDevices } from './gathered.ts';

/** While somebody types, nothing is searched. */
const TYPED_MS = 300;

interface Choosing {
  /** Undefined while nothing is there that could be exported. */
  readonly onChange: (ids: string[] | undefined) => void;
}

export function FoundKeysField({ onChange }: Choosing) {
  const texts = useTexts(TRANSFER).export;
  const times = useTimes();
  const [find, setFind] = useState('');
  const [settled] = useDebouncedValue(find.trim(), TYPED_MS);
  const found = useFoundKeys(settled);
  const gathered = find.trim() === settled ? found.data : undefined;
  useChosen(gathered, onChange);
  return (
    <>
      <TextInput
        type="search"
        aria-label={texts.foundKeys}
        description={texts.searchHint}
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
      />
      <Outcome
        gathered={settled === '' ? undefined : gathered}
        error={found.error}
        words={(count) => texts.found(times.number(count))}
      />
    </>
  );
}

export function GroupField({ onChange }: Choosing) {
  const texts = useTexts(TRANSFER).export;
  const times = useTimes();
  const [group, setGroup] = useState<string | null>(null);
  const groups = useQuery({
    queryKey: ['devices', 'groups'],
    queryFn: ({ signal }) => call('listGroups', {}, { signal }),
  });
  const devices = useGroupDevices(group ?? undefined);
  useChosen(devices.data, onChange);
  return (
    <>
      <Select
        aria-label={texts.ofGroup}
        placeholder={texts.chooseGroup}
        data={(groups.data?.groups ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={group}
        onChange={setGroup}
        searchable
      />
      <Outcome
        gathered={devices.data}
        error={groups.error ?? devices.error}
        words={(count) => texts.devicesFound(times.number(count))}
      />
    </>
  );
}

/** What is chosen is what was gathered: while the two differ, nothing is. */
function useChosen(gathered: Gathered | undefined, onChange: Choosing['onChange']): void {
  useEffect(() => {
    const whole = gathered !== undefined && !gathered.more && gathered.ids.length > 0;
    onChange(whole ? [...gathered.ids] : undefined);
  }, [gathered, onChange]);
}

function Outcome({
  gathered,
  error,
  words,
}: {
  readonly gathered: Gathered | undefined;
  readonly error: unknown;
  readonly words: (count: number) => string;
}) {
  const texts = useTexts(TRANSFER).export;
  const times = useTimes();
  return (
    <>
      {error !== null && <ProblemAlert error={error} />}
      <Text size="xs" c="dimmed" mih={18} role="status">
        {gathered !== undefined &&
          (gathered.more ? texts.tooMany(times.number(NAMED_MAX)) : words(gathered.ids.length))}
      </Text>
    </>
  );
}
