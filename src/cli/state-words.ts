/**
 * How a person sees a state: always a word, and on a terminal that wants it also a sign before it and a colour. Nothing
 * else of the command line knows a colour. Invariant: foreign text is escaped before the colour is put around it, so
 * that no name can bring a colour of its own; and signs never move a column.
 */
import { readable } from '#domain/name.ts';
import { lineOf, widthsOf } from './table.ts';

type State = 'ok' | 'warning' | 'problem';

export interface StateWord {
  readonly state: State;
  readonly word: string;
}

type Piece = string | StateWord;
/** A line with state words is made once its destination is known. */
export type Line = string | ((coloured: boolean) => string);

const SIGN: Readonly<Record<State, string>> = { ok: '✔', warning: '!', problem: '✘' };
/** Three of the sixteen that every terminal has, in its user's own shades: green, yellow, red. */
const COLOUR: Readonly<Record<State, number>> = { ok: 32, warning: 33, problem: 31 };

export const ok = (word: string): StateWord => ({ state: 'ok', word });
export const warning = (word: string): StateWord => ({ state: 'warning', word });
export const problem = (word: string): StateWord => ({ state: 'problem', word });

/** A possible problem; an empty cell where there is none. */
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

/** As `columns`, but some cells are state words. */
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
