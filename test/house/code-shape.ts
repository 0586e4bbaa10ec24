/**
 * The shape of code and files: what Node can run as it is, what is easy to find again, and what is never left behind.
 */
import { codeOf, type SourceFile } from './source-text.ts';

export const FILE_LINES_MAX = 300;

/** Names that say nothing about what lies in them. */
const EMPTY_NAMES = [
  'utils',
  'util',
  'common',
  'helpers',
  'helper',
  'services',
  'service',
  'dto',
  'impl',
  'misc',
  'shared',
];

const BANNED_CODE: readonly { readonly pattern: RegExp; readonly says: string }[] = [
  { pattern: /\bexport\s+default\b|\bas\s+default\b/, says: 'a default export' },
  { pattern: /\benum\s+[A-Za-z_$][\w$]*\s*\{/, says: 'an enum' },
  { pattern: /^\s*(?:export\s+|declare\s+)*(?:namespace|module)\s+[\w.$]+\s*\{/m, says: 'a namespace' },
  {
    pattern: /\bconstructor\s*\([^)]*\b(?:public|private|protected|readonly)\s+[\w$]+\s*[?:=,)]/,
    says: 'a parameter property',
  },
  { pattern: /^\s*(?:public|private|protected)\s+[\w$]+/m, says: 'an access modifier; write #private' },
  { pattern: /^\s*@[A-Za-z_$][\w$.]*(?:\(|\s)/m, says: 'a decorator' },
  { pattern: /\bas\s+any\b|:\s*any\b/, says: 'any' },
];

export function shapeFaults(file: SourceFile): string[] {
  const code = codeOf(file.text);
  return BANNED_CODE.filter(({ pattern }) => pattern.test(code)).map(({ says }) => `has ${says}`);
}

export function lengthFault(file: SourceFile): string[] {
  const lines = file.text.split('\n').length - 1;
  return lines > FILE_LINES_MAX ? [`has ${lines} lines, more than ${FILE_LINES_MAX}`] : [];
}

export function openingFault(file: SourceFile): string[] {
  return file.text.startsWith('/**') ? [] : ['does not open with a comment that says what it owns'];
}

export function nameFaults(path: string): string[] {
  const faults = path
    .split('/')
    .map((part) => part.replace(/\.tsx?$/, ''))
    .filter((part) => EMPTY_NAMES.includes(part))
    .map((part) => `'${part}' says nothing about what lies there`);
  const name = path.split('/').at(-1)!;
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:(?:\.long)?\.test)?\.tsx?$/.test(name))
    faults.push(`'${name}' is not kebab-case`);
  return faults;
}

/** Written so that this file does not hold the words itself. */
const LEFT_BEHIND = /\b(?:TO[D]O|FIX[M]E|X{3}|HAC[K])\b|@ts-(?:ignore|nocheck)|\.only\(/;

export function leftBehindFaults(file: SourceFile): string[] {
  const found = LEFT_BEHIND.exec(file.text)?.[0];
  return found === undefined ? [] : [`'${found}' was left behind`];
}

/** Paths of one machine and hosts of package registries; nobody else has them. */
const MACHINE_PATH =
  /(?<![\w.~-])\/(?:hom[e]|roo[t]|User[s]|wor[k])\/\w|\bnpm[j]s\.(?:com|org)|\bdeb[.]debian/;

export function machinePathFaults(file: SourceFile): string[] {
  const found = MACHINE_PATH.exec(file.text)?.[0];
  return found === undefined ? [] : [`names a place of one machine: ${found}`];
}

/** The files that read the environment. The house allows one. */
export function environmentReaders(files: readonly SourceFile[]): string[] {
  return files.filter(({ text }) => /\bprocess\s*\.\s*env\b/.test(codeOf(text))).map(({ path }) => path);
}
