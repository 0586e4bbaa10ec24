/** A list that comes page by page: as many rows as were asked for, and a way to ask for more. */
import { Button, Center, Group, Stack, Table, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/language.tsx';
import { LISTS } from '../texts/lists.ts';
import { LateLoader } from './later.tsx';
import { ProblemAlert } from './problem-alert.tsx';

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  readonly show: (row: Row) => ReactNode;
  /** The label is only read out. */
  readonly hidden?: boolean;
  /** Left out where the screen is narrow. */
  readonly wide?: boolean;
}

export interface ListTableProps<Row> {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly onOpen?: ((row: Row) => void) | undefined;
  readonly empty: string;
  readonly loading: boolean;
  /** The rows belong to the filter before, whose answer still stands here. */
  readonly old?: boolean | undefined;
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  /** Undefined at the end of the list. */
  readonly more?: { readonly load: () => void; readonly busy: boolean } | undefined;
  readonly note?: string | undefined;
}

const WIDE = { visibleFrom: 'md' } as const;

export function ListTable<Row>(props: ListTableProps<Row>) {
  const texts = useTexts(LISTS);
  const { name, columns, rows, idOf, onOpen, empty, loading, old, error, onRetry, more, note } = props;
  if (error !== null && error !== undefined && rows.length === 0)
    return <ProblemAlert error={error} onRetry={onRetry} />;
  return (
    <div
      className="card list"
      aria-busy={loading || old === true}
      data-old={old === true || undefined}
      style={{ padding: 0, overflow: 'hidden' }}
    >
      <div style={{ overflowX: 'auto' }}>
        <Table
          aria-label={name}
          aria-rowcount={more === undefined ? rows.length + 1 : -1}
          highlightOnHover={onOpen !== undefined}
          verticalSpacing="xs"
          horizontalSpacing="md"
        >
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ key, label, wide, hidden }) => (
                <Table.Th key={key} {...(wide === true ? WIDE : {})} c="dimmed" fz="xs">
                  {hidden === true ? <VisuallyHidden>{label}</VisuallyHidden> : label}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              <Table.Tr key={idOf(row)} aria-rowindex={index + 2}>
                {columns.map(({ key, show, wide }, column) => (
                  <Table.Td key={key} {...(wide === true ? WIDE : {})} fz="sm">
                    {column === 0 && onOpen !== undefined ? (
                      <UnstyledButton
                        fz="sm"
                        fw={550}
                        onClick={() => onOpen(row)}
                        style={{ textAlign: 'start' }}
                      >
                        {show(row)}
                      </UnstyledButton>
                    ) : (
                      show(row)
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {rows.length === 0 && (
        <Center p="xl">
          {loading ? (
            <Stack gap="xs" align="center">
              <LateLoader size="sm" />
              {note !== undefined && <Text c="dimmed">{note}</Text>}
            </Stack>
          ) : (
            <Text c="dimmed">{empty}</Text>
          )}
        </Center>
      )}
      {error !== null && error !== undefined && rows.length > 0 && (
        <ProblemAlert error={error} onRetry={onRetry} />
      )}
      {more !== undefined && rows.length > 0 && (
        <Group p="sm" justify="center">
          <Button variant="default" size="xs" loading={more.busy} onClick={more.load}>
            {texts.more}
          </Button>
          {note !== undefined && (
            <Text size="xs" c="dimmed">
              {note}
            </Text>
          )}
        </Group>
      )}
    </div>
  );
}
