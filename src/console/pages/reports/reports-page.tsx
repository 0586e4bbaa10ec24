/** Reports: chosen, made, printed or saved. */
import { Alert, Button, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { saveCsv } from '../../parts/csv.ts';
import { Page } from '../../parts/page.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { Time } from '../../parts/time.tsx';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { DRIVES } from '../../texts/drives.ts';
import { useTexts } from '../../texts/language.tsx';
import { REPORTS } from '../../texts/reports.ts';
import { SHELL } from '../../texts/shell.ts';
import { makeReport, type Report, REPORT_ROWS_MAX, type ReportName } from './make-report.ts';
import { TIME_COLUMNS, useReportWords } from './report-words.ts';

/** What each is gathered by. */
const CALLS = { devices: 'listDevices', oneServer: 'listKeys', uses: 'listAudit' } as const;
const NAMES = Object.keys(CALLS) as readonly ReportName[];

/** Of a day that a person chose, in their zone. */
function momentOf(day: string, addedDays: number): string | undefined {
  if (day === '') return undefined;
  const at = new Date(`${day}T00:00:00`);
  at.setDate(at.getDate() + addedDays);
  return at.toISOString();
}

/** With times as they are: whoever counts with them needs no zone and no language. */
function inFile({ columns, rows }: Report, words: ReturnType<typeof useReportWords>) {
  return [
    columns.map((column) => words.heading(column)),
    ...rows.map((cells) =>
      columns.map((column, index) => (column === 'keys' ? cells[index]! : words.cell(column, cells[index]!))),
    ),
  ];
}

export function ReportsPage() {
  const texts = useTexts(REPORTS);
  const driveTexts = useTexts(DRIVES);
  const { pages, common } = useTexts(SHELL);
  const { me } = useSession();
  const times = useTimes();
  const words = useReportWords();
  const [name, setName] = useState<ReportName>('devices');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const made = useMutation({
    mutationFn: async (wanted: ReportName) => ({
      name: wanted,
      at: new Date().toISOString(),
      report: await makeReport(wanted, { since: momentOf(since, 0), until: momentOf(until, 1) }),
    }),
  });
  const { report } = made.data ?? {};
  return (
    <Page title={pages.reports} hint={texts.hint}>
      <Group align="end" className="no-print">
        <Select
          label={texts.which}
          data={NAMES.map((value) => ({ value, label: texts[value] }))}
          value={name}
          onChange={(value) => value !== null && setName(value)}
          allowDeselect={false}
          w="22rem"
        />
        {name === 'uses' && (
          <>
            <TextInput
              type="date"
              label={texts.since}
              value={since}
              onChange={(event) => setSince(event.currentTarget.value)}
            />
            <TextInput
              type="date"
              label={texts.until}
              value={until}
              onChange={(event) => setUntil(event.currentTarget.value)}
            />
          </>
        )}
        <RightButton call={CALLS[name]} loading={made.isPending} onClick={() => made.mutate(name)}>
          {texts.make}
        </RightButton>
      </Group>
      {made.error !== null && <ProblemAlert error={made.error} />}
      {made.data !== undefined && report !== undefined && (
        <>
          <Group justify="space-between">
            <div>
              <Text fw={600}>{texts[made.data.name]}</Text>
              <Text size="sm" c="dimmed">
                {texts.made(me.server.name, times.exact(made.data.at))} ·{' '}
                {texts.rows(times.number(report.rows.length))}
              </Text>
            </div>
            <Group className="no-print" gap="xs">
              <Button variant="default" onClick={() => globalThis.print()}>
                {texts.print}
              </Button>
              <Button variant="default" onClick={() => saveCsv(made.data.name, inFile(report, words))}>
                {texts.csv}
              </Button>
            </Group>
          </Group>
          {report.coverage !== undefined && (
            <Text>
              {driveTexts.coverage(
                times.number(report.coverage.proved),
                times.number(report.coverage.demanded),
              )}
            </Text>
          )}
          {report.cut && <Alert color="yellow">{texts.cut(times.number(REPORT_ROWS_MAX))}</Alert>}
          {report.rows.length === 0 ? (
            <Text c="dimmed">{texts.none}</Text>
          ) : (
            <Table.ScrollContainer minWidth={0} type="native" className="card">
              <Table fz="sm">
                <Table.Thead>
                  <Table.Tr>
                    {report.columns.map((column) => (
                      <Table.Th key={column}>{words.heading(column)}</Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {report.rows.map((cells) => (
                    <Table.Tr key={cells.join(' ')}>
                      {report.columns.map((column, index) => (
                        <Table.Td key={column}>
                          {TIME_COLUMNS.has(column) ? (
                            <Time at={cells[index] === '' ? null : cells[index]!} never={common.never} />
                          ) : (
                            <bdi>{words.cell(column, cells[index]!)}</bdi>
                          )}
                        </Table.Td>
                      ))}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </>
      )}
    </Page>
  );
}
