/** All keys of the repository, filtered by what stands in the address. */
import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { usePagedList } from '../../api/paged-list.ts';
import { useAddressField, useTypedField } from '../../parts/address-field.ts';
import { ListTable } from '../../parts/list-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { useTimes } from '../../parts/times.ts';
import { KEYS } from '../../texts/keys.ts';
import { useTexts } from '../../texts/language.tsx';
import { SHELL } from '../../texts/shell.ts';
import { KeyDetails } from './key-details.tsx';
import { locatorOf } from './locator.ts';

type Filter = PeopleRequest<'listKeys'>;

export function KeysPage() {
  const texts = useTexts(KEYS);
  const { pages } = useTexts(SHELL);
  const times = useTimes();
  const [search, setSearch] = useSearchParams();
  const find = useTypedField('find');
  const [kind, setKind] = useAddressField('kind');
  const [state, setState] = useAddressField('state');
  const [order, setOrder] = useAddressField('order');
  const [device, setDevice] = useAddressField('device');
  const filter: Filter = {
    ...(find.settled === '' ? {} : { find: find.settled }),
    ...(device === '' ? {} : { device }),
    ...(kind === '' ? {} : { kind: kind as NonNullable<Filter['kind']> }),
    ...(state === '' ? {} : { state: state as NonNullable<Filter['state']> }),
    order: order === 'oldest' ? 'oldest' : 'newest',
  };
  const list = usePagedList(
    ['keys', filter],
    (after, signal) => call('listKeys', { ...filter, ...after, limit: 100 }, { signal }),
    (page) => page.keys,
  );
  // Newest first, whatever replaced a key stands above it.
  const replaced = new Set(list.shown.rows.flatMap(({ replaces }) => replaces ?? []));
  const last = list.lastPage;
  const filtered = Object.keys(filter).length > 1;
  const open = (id: string | undefined): void =>
    setSearch((now) => {
      if (id === undefined) now.delete('key');
      else now.set('key', id);
      return now;
    });
  const opened = search.get('key') ?? undefined;
  const choices = (words: Readonly<Record<string, string>>) =>
    Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <Page title={pages.keys} hint={texts.list.hint}>
      <Group align="end" gap="sm">
        <TextInput
          type="search"
          label={texts.list.find}
          placeholder={texts.list.findHint}
          value={find.typed}
          onChange={(event) => find.type(event.currentTarget.value)}
          flex="1 1 16rem"
        />
        <Select
          label={texts.list.kind}
          placeholder={texts.list.any}
          data={choices(texts.kinds)}
          value={kind === '' ? null : kind}
          onChange={(value) => setKind(value ?? '')}
          clearable
          w="11rem"
        />
        <Select
          label={texts.list.state}
          placeholder={texts.list.any}
          data={choices(texts.states)}
          value={state === '' ? null : state}
          onChange={(value) => setState(value ?? '')}
          clearable
          w="12rem"
        />
        <Select
          label={texts.list.order}
          data={[
            { value: 'newest', label: texts.list.newest },
            { value: 'oldest', label: texts.list.oldest },
          ]}
          value={order === 'oldest' ? 'oldest' : 'newest'}
          onChange={(value) => setOrder(value === 'oldest' ? 'oldest' : '')}
          allowDeselect={false}
          w="11rem"
        />
      </Group>
      {device !== '' && (
        <Group gap="xs">
          <Text size="sm">{texts.list.ofDevice}</Text>
          <Button size="compact-sm" variant="default" onClick={() => setDevice('')}>
            {texts.list.allDevices}
          </Button>
        </Group>
      )}
      <ListTable
        {...list.shown}
        name={pages.keys}
        idOf={({ id }) => id}
        onOpen={({ id }) => open(id)}
        empty={filtered ? texts.list.none : texts.list.noneYet}
        note={
          last?.searchedTo === null || last === undefined
            ? undefined
            : texts.list.searching(times.number(last.searchedTo), times.number(last.of))
        }
        columns={[
          { key: 'device', label: texts.list.device, show: ({ device }) => <bdi>{device.name}</bdi> },
          { key: 'locator', label: texts.list.locator, show: (key) => <bdi>{locatorOf(key)}</bdi> },
          { key: 'kind', label: texts.list.kind, show: ({ kind }) => texts.kinds[kind], wide: true },
          {
            key: 'state',
            label: texts.list.state,
            show: ({ id, state, notRotatedSince }) =>
              [
                texts.states[state],
                ...(replaced.has(id) ? [texts.list.replaced] : []),
                ...(notRotatedSince === undefined ? [] : [texts.list.revealed]),
              ].join(' · '),
          },
          {
            key: 'recorded',
            label: texts.list.recorded,
            show: ({ recordedAt }) => <Time at={recordedAt} never="" detailed />,
            wide: true,
          },
        ]}
      />
      <KeyDetails id={opened} onClose={() => open(undefined)} />
    </Page>
  );
}
