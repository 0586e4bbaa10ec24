/**
 * The tree for everybody: read out, searched, folded, and short enough on a phone.
 *
 * Invariant: it draws as many rows as were asked for, however many servers there are. What is sought stands in the
 * address, so that it can be sent to a colleague.
 */
import { ActionIcon, Group, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useMemo, useState } from 'react';
import { linkState, markOf, type PlacedServer, serversInMenu } from '../../api/hierarchy.ts';
import { useAddressField, useTypedField } from '../../parts/address-field.ts';
import { ConsoleLink } from '../../parts/console-link.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { PropertiesButton } from '../../parts/properties-button.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { useTimes } from '../../parts/times.ts';
import { useTexts } from '../../texts/language.tsx';
import { OVERVIEW } from '../../texts/overview.ts';
import { SHELL } from '../../texts/shell.ts';
import { useLinkWords } from './link-words.ts';

/** Rows that are drawn at first, and more with each wish for more. */
const ROWS = 50;
/** A larger tree begins folded. */
const UNFOLDED_MAX = 50;

interface ShownRow {
  readonly placed: PlacedServer;
  /** All servers below it, at any depth. */
  readonly below: number;
}

/** How many stand below each: a list of a tree has them right behind it, deeper. */
function countBelow(servers: readonly PlacedServer[]): readonly number[] {
  const counts = servers.map(() => 0);
  const above: number[] = [];
  for (const [index, { depth }] of servers.entries()) {
    above.length = Math.min(above.length, depth);
    for (const one of above) counts[one]! += 1;
    above[depth] = index;
  }
  return counts;
}

function useFolding(servers: readonly PlacedServer[]) {
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const foldedAtFirst = servers.length > UNFOLDED_MAX;
  // The own server is always open: else there would be nothing to see.
  const isFolded = ({ server: { id }, depth }: PlacedServer): boolean =>
    depth > 0 && foldedAtFirst !== turned.has(id);
  const turn = ({ server: { id } }: PlacedServer): void =>
    setTurned((now) => new Set(now.has(id) ? [...now].filter((one) => one !== id) : [...now, id]));
  return { isFolded, turn };
}

export function ServerList({ servers }: { readonly servers: readonly PlacedServer[] }) {
  const texts = useTexts(OVERVIEW);
  const { properties } = useTexts(SHELL).menu;
  const words = useLinkWords();
  const times = useTimes();
  const find = useTypedField('find');
  const [problems, setProblems] = useAddressField('problems');
  const [rows, setRows] = useState(ROWS);
  const { isFolded, turn } = useFolding(servers);
  const inMenu = useMemo(() => new Set(serversInMenu(servers)), [servers]);
  const below = useMemo(() => countBelow(servers), [servers]);
  const sought = find.settled.toLowerCase();
  const filtered = sought !== '' || problems !== '';
  const shown: ShownRow[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [index, placed] of servers.entries()) {
    if (filtered) {
      const fits = placed.server.name.toLowerCase().includes(sought);
      const wanted = problems === '' || !['both-on', 'root'].includes(linkState(placed));
      if (fits && wanted) shown.push({ placed, below: 0 });
      continue;
    }
    if (placed.depth > hiddenBelow) continue;
    hiddenBelow = isFolded(placed) ? placed.depth : Number.POSITIVE_INFINITY;
    shown.push({ placed, below: below[index]! });
  }
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="end">
        <Title order={2} size="h4">
          {texts.tree}
        </Title>
        <Group align="end">
          <TextInput
            type="search"
            aria-label={texts.find}
            placeholder={texts.find}
            value={find.typed}
            onChange={(event) => find.type(event.currentTarget.value)}
          />
          <Switch
            label={texts.onlyProblems}
            checked={problems !== ''}
            onChange={(event) => setProblems(event.currentTarget.checked ? '1' : '')}
            pb={8}
          />
        </Group>
      </Group>
      {filtered && (
        <Text size="sm" c="dimmed" role="status">
          {texts.found(times.number(shown.length), times.number(servers.length))}
        </Text>
      )}
      <ListTable
        name={texts.tree}
        rows={shown.slice(0, rows)}
        idOf={({ placed }) => placed.server.id}
        empty={texts.noServer}
        loading={false}
        error={null}
        more={shown.length > rows ? { load: () => setRows((now) => now + ROWS), busy: false } : undefined}
        note={shown.length > rows ? texts.found(times.number(rows), times.number(shown.length)) : undefined}
        columns={[
          {
            key: 'name',
            label: texts.server,
            show: (row) => (
              <NameCell
                row={row}
                flat={filtered}
                folded={isFolded(row.placed)}
                onTurn={() => turn(row.placed)}
              />
            ),
          },
          { key: 'link', label: texts.link, show: ({ placed }) => words(placed) },
          { key: 'facts', label: texts.state, show: ({ placed }) => words.facts(placed), wide: true },
          ...(servers.some(({ server }) => server.console !== undefined)
            ? [
                {
                  key: 'console',
                  label: texts.console,
                  show: ({ placed: { server } }: ShownRow) =>
                    server.console !== undefined && (
                      <ConsoleLink name={server.name} address={server.console} short />
                    ),
                },
              ]
            : []),
          ...(inMenu.size === servers.length
            ? []
            : [
                {
                  key: 'properties',
                  label: properties,
                  hidden: true,
                  show: ({ placed }: ShownRow) =>
                    !inMenu.has(placed) && (
                      <PropertiesButton id={placed.server.id} name={placed.server.name} />
                    ),
                },
              ]),
        ]}
      />
    </Stack>
  );
}

function NameCell({
  row: { placed, below },
  flat,
  folded,
  onTurn,
}: {
  readonly row: ShownRow;
  /** Found ones stand side by side, each with the server above it. */
  readonly flat: boolean;
  readonly folded: boolean;
  readonly onTurn: () => void;
}) {
  const texts = useTexts(OVERVIEW);
  const times = useTimes();
  const { server, depth, above } = placed;
  const indent = flat ? 0 : Math.min(depth, 8);
  return (
    <Group gap="xs" wrap="nowrap" style={{ paddingInlineStart: `${indent}rem` }}>
      {!flat && depth > 0 && below > 0 ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-expanded={!folded}
          aria-label={texts.below(server.name)}
          onClick={onTurn}
        >
          {folded ? '▸' : '▾'}
        </ActionIcon>
      ) : (
        !flat && depth > 0 && <span style={{ width: 22, flex: 'none' }} />
      )}
      <StateMark state={markOf(placed)} />
      <div style={{ minWidth: 0 }}>
        <bdi>{server.name}</bdi>
        {folded && below > 0 && (
          <Text span size="xs" c="dimmed" ms={6}>
            {texts.serversBelow(times.number(below))}
          </Text>
        )}
        {flat && above !== undefined && (
          <Text size="xs" c="dimmed">
            {texts.under(above.name)}
          </Text>
        )}
      </div>
    </Group>
  );
}
