/** What is known of one thing, a fact a row; what it does not have is left out. */
import { Table } from '@mantine/core';

export type Fact = readonly [label: string, value: string | null | undefined];

export function FactsTable({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <Table layout="fixed" className="long-text">
      <Table.Tbody>
        {facts.map(
          ([label, value]) =>
            value != null &&
            value !== '' && (
              <Table.Tr key={label}>
                <Table.Th w="10rem" fw={500} c="dimmed">
                  {label}
                </Table.Th>
                <Table.Td>
                  <bdi>{value}</bdi>
                </Table.Td>
              </Table.Tr>
            ),
        )}
      </Table.Tbody>
    </Table>
  );
}
