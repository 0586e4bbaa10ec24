/** The banned words of docs/GLOSSARY.md, held against the names in src: identifiers, files and folders. */
import * as childProcess from 'node:child_process';
import * as cryptography from 'node:crypto';
import * as fileSystem from 'node:fs';
import * as sqlite from 'node:sqlite';
import * as workerThreads from 'node:worker_threads';
import * as compression from 'node:zlib';
import { identifiersOf, importsOf, type SourceFile, wordsOf } from './source-text.ts';

/** The banned words of the glossary, each with the word that is meant: the rows of its table, third column to first. */
export function bannedWords(glossary: string): ReadonlyMap<string, string> {
  const rows = glossary.split('\n').filter((line) => line.startsWith('| '));
  return new Map(
    rows.flatMap((row) => {
      const [, word = '', , not = ''] = row.split('|').map((cell) => cell.trim());
      return [...not.matchAll(/`([a-z]+)`/g)].map(([, banned]) => [banned!, word] as const);
    }),
  );
}

/** Names that Node gives: `readFileSync`, `DatabaseSync`, `ChildProcess`, `parentPort`. */
const NODE_NAMES = new Set(
  [childProcess, compression, cryptography, fileSystem, sqlite, workerThreads].flatMap((module) =>
    Object.keys(module),
  ),
).add('NodeJS');

/** What is in a page's part is its children, in React's words. */
const REACT_NAMES = new Set(['ReactNode', 'children']);

export function glossaryFaults(file: SourceFile, banned: ReadonlyMap<string, string>): string[] {
  const imports = importsOf(file.text);
  // A process that was started is a child in Node's words, wherever one is started.
  const startsProcesses = imports.some(({ specifier }) => specifier === 'node:child_process');
  const isPage = file.path.endsWith('.tsx');
  const faults: string[] = [];
  for (const name of [...identifiersOf(file.text), file.path]) {
    if (NODE_NAMES.has(name) || (isPage && REACT_NAMES.has(name))) continue;
    for (const word of wordsOf(name)) {
      const meant = banned.get(word);
      if (meant === undefined || (word === 'child' && startsProcesses)) continue;
      faults.push(`'${word}' in ${name}: say ${meant}`);
    }
  }
  return faults;
}
