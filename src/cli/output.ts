/**
 * Writes a command's outcome: one JSON object, or lines for a person; whole or not at all, as far as the reader lets
 * it. Here, and in `terminal.ts` for standard error, invisible characters in foreign text are escaped.
 */
import { readable, readableJson } from '#domain/name.ts';
import type { Outcome } from './command.ts';
import { PackedList } from './packed-list.ts';
import { type Line, shownLine } from './state-words.ts';
import type { Terminal } from './terminal.ts';

/** Array elements turned into text at a time: a listing of a million keys exceeds the length of a string. */
const ELEMENTS_A_CHUNK = 1000;

function* arrayPages(values: readonly unknown[]): Generator<string> {
  for (let at = 0; at < values.length; at += ELEMENTS_A_CHUNK) {
    yield JSON.stringify(values.slice(at, at + ELEMENTS_A_CHUNK)).slice(1, -1);
  }
}

/** One JSON object in pieces that together equal the output of `JSON.stringify`. */
export function* jsonChunks(document: object): Generator<string> {
  let before = '{';
  for (const [field, value] of Object.entries(document)) {
    if (value === undefined) continue;
    yield `${before}${JSON.stringify(field)}:`;
    before = ',';
    const elements =
      value instanceof PackedList ? value.jsonPages() : Array.isArray(value) ? arrayPages(value) : undefined;
    if (elements === undefined) {
      yield JSON.stringify(value);
      continue;
    }
    let open = '[';
    for (const page of elements) {
      yield open + page;
      open = ',';
    }
    yield open === '[' ? '[]' : ']';
  }
  yield before === '{' ? '{}' : '}';
}

function* lineChunks(lines: Iterable<Line>, coloured: boolean): Generator<string> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(shownLine(line, coloured), '\n');
    if (chunk.length < 2 * ELEMENTS_A_CHUNK) continue;
    yield chunk.join('');
    chunk = [];
  }
  if (chunk.length > 0) yield chunk.join('');
}

export async function writeOutcome(
  terminal: Pick<Terminal, 'print' | 'say' | 'coloured'>,
  outcome: Outcome,
  json: boolean,
): Promise<void> {
  const messages = outcome.messages ?? [];
  if (json) {
    if (outcome.document !== null) {
      for (const chunk of jsonChunks(outcome.document)) await terminal.print(readableJson(chunk));
      await terminal.print('\n');
    }
  } else {
    for (const chunk of lineChunks(outcome.lines, terminal.coloured)) await terminal.print(chunk);
  }
  for (const message of messages) {
    if (json || outcome.piped === true) terminal.say(message);
    else await terminal.print(`${readable(message)}\n`);
  }
}
