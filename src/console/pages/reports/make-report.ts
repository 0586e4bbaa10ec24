/** Gathers a report, page by page, as rows of text. Invariant: it ends at a bound, and says that it did. */
import { call } from '../../api/call.ts';

export const REPORT_ROWS_MAX = 5000;
const PAGE_ROWS = 500;

export type ReportName = 'devices' | 'oneServer' | 'uses';

/** What a column holds decides how it is shown. In a file a time is exact, and a page has it in the person's zone. */
export type Column =
  | 'device'
  | 'id'
  | 'keys'
  | 'deviceState'
  | 'drives'
  | 'heard'
  | 'key'
  | 'kind'
  | 'label'
  | 'keyState'
  | 'recorded'
  | 'at'
  | 'event'
  | 'by'
  | 'what';

export interface Report {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly cut: boolean;
  /** Of drives that must be in custody. */
  readonly coverage?: { readonly demanded: number; readonly proved: number };
}

interface Page {
  readonly rows: readonly (readonly string[])[];
  readonly next: string | null;
}

export interface Period {
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** The events of the audit log by which keys were seen, left or came. */
const USES = [
  'key-revealed',
  'key-answered',
  'export-started',
  'import-confirmed',
  'backup-started',
] as const;

async function gather(
  columns: readonly Column[],
  fetchPage: (after: string | undefined) => Promise<Page>,
): Promise<Report> {
  const rows: (readonly string[])[] = [];
  let after: string | undefined;
  do {
    const page = await fetchPage(after);
    rows.push(...page.rows);
    after = page.next ?? undefined;
  } while (after !== undefined && rows.length < REPORT_ROWS_MAX);
  return { columns, rows: rows.slice(0, REPORT_ROWS_MAX), cut: after !== undefined };
}

function behind(after: string | undefined): { readonly after?: string } {
  return after === undefined ? {} : { after };
}

/** What every event has, in columns of its own. */
const IN_COLUMNS = /"(?:at|event|by)":"(?:[^"\\]|\\.)*",?/g;

/** The rest of an event, as its line has it. */
function restOf(line: string): string {
  return line
    .replaceAll(IN_COLUMNS, '')
    .replaceAll(/^\{|,?\}$/g, '')
    .replaceAll(/,?"([A-Za-z]+)":/g, ' $1: ')
    .trim();
}

/** The coverage is that of the rows. */
async function devicesReport(): Promise<Report> {
  const coverage = { demanded: 0, proved: 0 };
  const report = await gather(['device', 'id', 'keys', 'drives', 'deviceState', 'heard'], async (after) => {
    const { devices, next } = await call('listDevices', { ...behind(after), limit: PAGE_ROWS });
    for (const { drives } of devices) {
      coverage.demanded += drives?.demanded ?? 0;
      coverage.proved += drives?.proved ?? 0;
    }
    const rows = devices.map((one) => [
      one.name,
      one.id,
      String(one.keys),
      one.drives === null ? '' : `${one.drives.problems} ${one.drives.proved} ${one.drives.demanded}`,
      one.state,
      one.lastHeartbeatAt ?? '',
    ]);
    return { rows, next };
  });
  return { ...report, coverage };
}

export function makeReport(name: ReportName, { since, until }: Period): Promise<Report> {
  if (name === 'devices') return devicesReport();
  if (name === 'oneServer')
    return gather(['key', 'device', 'kind', 'label', 'keyState', 'recorded'], async (after) => {
      const { keys, next } = await call('listKeys', {
        ...behind(after),
        notState: 'acknowledged',
        limit: PAGE_ROWS,
      });
      const rows = keys.map(({ id, device, kind, locator, state, recordedAt }) => [
        id,
        device.name,
        kind,
        locator.label ?? '',
        state,
        recordedAt,
      ]);
      return { rows, next };
    });
  return gather(['at', 'event', 'by', 'what'], async (after) => {
    const { events, next } = await call('listAudit', {
      ...behind(after),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      limit: PAGE_ROWS,
    });
    const rows = events
      .filter(({ event }) => (USES as readonly string[]).includes(event))
      .map(({ at, event, by, line }) => [at, event, by, restOf(line)]);
    return { rows, next };
  });
}
