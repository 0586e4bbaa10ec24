/**
 * How a state looks to a person: always a word, and on a terminal that wants it a sign before it and a colour, too.
 * Nothing else of the command line knows a colour. Invariant: what came from elsewhere is escaped before the colour is
 * laid around it, so that no name can bring one of its own; and signs never move a column.
 */
import { readable } from '#domain/name.ts';
import { lineOf, widthsOf } from './table.ts';

type State = 'ok' | 'warning' | 'problem';

export interface StateWord {
  readonly state: State;
  readonly word: string;
}

type Piece = string | StateWord;
/** One that holds state words is made when it is known where it goes. */
export type Line = string | ((coloured: boolean) => string);

const SIGN: Readonly<Record<State, string>> = { ok: '✔', warning: '!', problem: '✘' };
/** Of the sixteen that every terminal has, in its user's own shades: green, yellow, red. */
const COLOUR: Readonly<Record<State, number>> = { ok: 32, warning: 33, problem: 31 };

export const ok = (word: string): StateWord => ({ state: 'ok', word });
export const warning = (word: string): StateWord => ({ state: 'warning', word });
export const problem = (word: string): StateWord => ({ state: 'problem', word });

/** A problem that may be there; an empty cell where it is not. */
export function anyProblem(sentence: string | null): Piece {
  return sentence === null ? '' : problem(sentence);
}

export function shownLine(line: Line, coloured: boolean): string {
  return typeof line === 'string' ? readable(line) : line(coloured);
}

/** A line of text with state words in it. */
export function stateLine(...pieces: readonly Piece[]): Line {
  return (coloured) =>
    pieces.map((piece) => paint(piece, readable(textOf(piece, coloured)), coloured)).join('');
}

/** As `columns`, some of the cells state words. */
export function stateColumns(rows: readonly (readonly Piece[])[]): Line[] {
  const texts = (coloured: boolean) => rows.map((row) => row.map((piece) => textOf(piece, coloured)));
  const widths = [widthsOf(texts(false)), widthsOf(texts(true))] as const;
  return rows.map(
    (row) => (coloured) =>
      lineOf(
        row.map((piece) => textOf(piece, coloured)),
        widths[coloured ? 1 : 0],
        (shown, index) => paint(row[index]!, shown, coloured),
      ),
  );
}

/** As `table`. */
export function stateTable(headings: readonly string[], rows: readonly (readonly Piece[])[]): Line[] {
  return stateColumns([headings.map((heading) => heading.toUpperCase()), ...rows]);
}

function textOf(piece: Piece, coloured: boolean): string {
  if (typeof piece === 'string') return piece;
  return coloured ? `${SIGN[piece.state]} ${piece.word}` : piece.word;
}

function paint(piece: Piece, shown: string, coloured: boolean): string {
  if (typeof piece === 'string' || !coloured) return shown;
  return `\u001B[${COLOUR[piece.state]}m${shown}\u001B[0m`;
}
