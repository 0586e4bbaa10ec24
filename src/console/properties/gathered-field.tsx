/** A part of an export that is looked up first: the keys that a search finds, or the devices of a group. */
import { Select, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { call } from '../api/call.ts';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useTimes } from '../parts/times.ts';
import { useSession } from '../shell/session.tsx';
import { useTexts } from '../texts/language.tsx';
import { TRANSFER } from '../texts/transfer.ts';
import { GATHERED_MAX, useFoundKeys, useGroupDevices } from './gathered.ts';

/** While somebody types, nothing is searched. */
const TYPED_MS = 300;

interface Choosing<Chosen> {
  /** Undefined while nothing is there that could be exported. */
  readonly onChange: (chosen: Chosen | undefined) => void;
}

/** The server searches again when it exports, so all keys that match are in the file, however many. */
export function FoundKeysField({ onChange }: Choosing<string>) {
  const texts = useTexts(TRANSFER).export;
  const times = useTimes();
  const mayList = useSession().lacking('listKeys') === undefined;
  const [find, setFind] = useState('');
  const [settled] = useDebouncedValue(find.trim(), TYPED_MS);
  const found = useFoundKeys(settled, mayList);
  const isSettled = settled !== '' && find.trim() === settled;
  const counted = isSettled ? found.data : undefined;
  const holdsSome = isSettled && (!mayList || (counted !== undefined && counted.ids.length > 0));
  const chosen = holdsSome ? settled : undefined;
  useEffect(() => onChange(chosen), [chosen, onChange]);
  return (
    <>
      <TextInput
        type="search"
        aria-label={texts.foundKeys}
        description={texts.searchHint}
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
      />
      <Outcome error={found.error}>
        {counted !== undefined &&
          (counted.more
            ? texts.foundMany(times.number(GATHERED_MAX))
            : texts.found(times.number(counted.ids.length)))}
      </Outcome>
    </>
  );
}

export function GroupField({ onChange }: Choosing<string[]>) {
  const texts = useTexts(TRANSFER).export;
  const times = useTimes();
  const [group, setGroup] = useState<string | null>(null);
  const groups = useQuery({
    queryKey: ['devices', 'groups'],
    queryFn: ({ signal }) => call('listGroups', {}, { signal }),
  });
  const devices = useGroupDevices(group ?? undefined);
  const gathered = devices.data;
  useEffect(() => {
    const isWhole = gathered !== undefined && !gathered.more && gathered.ids.length > 0;
    onChange(isWhole ? [...gathered.ids] : undefined);
  }, [gathered, onChange]);
  return (
    <>
      <Select
        aria-label={texts.ofGroup}
        description={texts.groupHint(times.number(GATHERED_MAX))}
        placeholder={texts.chooseGroup}
        data={(groups.data?.groups ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={group}
        onChange={setGroup}
        searchable
      />
      <Outcome error={groups.error ?? devices.error}>
        {gathered !== undefined &&
          (gathered.more
            ? texts.tooMany(times.number(GATHERED_MAX))
            : texts.devicesFound(times.number(gathered.ids.length)))}
      </Outcome>
    </>
  );
}

function Outcome({ error, children }: { readonly error: unknown; readonly children: ReactNode }) {
  return (
    <>
      {error !== null && <ProblemAlert error={error} />}
      <Text size="xs" c="dimmed" mih={18} role="status">
        {children}
      </Text>
    </>
  );
}
