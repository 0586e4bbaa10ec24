/** The words of a report in the person's language: its headings, and what stands in its cells. */
import { useCallers } from '../../parts/callers.ts';
import { useTimes } from '../../parts/times.ts';
import { useDriveWords } from '../devices/drive-words.tsx';
import { KEYS } from '../../texts/keys.ts';
import { useTexts } from '../../texts/language.tsx';
import { LISTS } from '../../texts/lists.ts';
import { REPORTS } from '../../texts/reports.ts';
import type { Column } from './make-report.ts';

export const TIME_COLUMNS: ReadonlySet<Column> = new Set(['heard', 'recorded', 'at']);

interface ReportWords {
  readonly heading: (column: Column) => string;
  /** Times stay as they are: a page and a file have them in their own ways. */
  readonly cell: (column: Column, text: string) => string;
}

function wordIn(words: Readonly<Record<string, string>>, text: string): string {
  return words[text] ?? text;
}

/** As `make-report.ts` writes them. */
function countsIn(text: string) {
  const [problems, proved, demanded] = text.split(' ').map(Number);
  return { problems: problems!, proved: proved!, demanded: demanded! };
}

export function useReportWords(): ReportWords {
  const { columns, events } = useTexts(REPORTS);
  const { kinds, states } = useTexts(KEYS);
  const { devices } = useTexts(LISTS);
  const drives = useDriveWords();
  const times = useTimes();
  const callers = useCallers();
  return {
    heading: (column) => columns[column],
    cell: (column, text) => {
      if (column === 'deviceState') return wordIn(devices.states, text);
      if (column === 'drives') return text === '' ? '' : drives(countsIn(text));
      if (column === 'keyState') return wordIn(states, text);
      if (column === 'kind') return wordIn(kinds, text);
      if (column === 'event') return wordIn(events, text);
      if (column === 'by') return callers(text);
      if (column === 'keys') return times.number(Number(text));
      return text;
    },
  };
}
