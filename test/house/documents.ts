/** What the documents point at: links and their headings, files of src, commands, and the numbers of decision notes. */
import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Nouns } from '#cli/command.ts';
import type { SourceFile } from './source-text.ts';

/** As the places where such documents are read make it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map((match) => anchorOf(match[1]!));
}

/** Links to the outside are not looked at. @param documents those whose headings may be linked to. */
export function brokenLinks(document: SourceFile, documents: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  for (const [, target] of document.text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target!)) continue;
    const [file = '', anchor] = target!.split('#');
    const path = file === '' ? document.path : normalize(join(document.path, '..', file));
    const linked = documents.find((other) => other.path === path);
    if (linked === undefined && !existsSync(path)) faults.push(`${document.path}: no file ${target}`);
    else if (anchor !== undefined && linked !== undefined && !anchorsOf(linked.text).includes(anchor)) {
      faults.push(`${document.path}: no heading ${target}`);
    }
  }
  return faults;
}

const PROGRAM_FOLDERS = 'agent|cli|crypto|domain|protocol|server|store|transport';
const NAMED_PATH = new RegExp(
  `\`((?:(?:src|test|bench|examples)/|(?:${PROGRAM_FOLDERS})/)[\\w./-]+\\.(?:ts|json|md))\``,
  'g',
);

/** Files that a document names in backquotes and that are not there; those of src may be named without `src/`. */
export function unnamedPaths(document: SourceFile, paths: readonly string[]): string[] {
  return [...document.text.matchAll(NAMED_PATH)]
    .map((match) => match[1]!)
    .filter((path) => !paths.includes(path) && !paths.includes(`src/${path}`))
    .map((path) => `${document.path}: no file ${path}`);
}

export interface ShownCommand {
  readonly where: string;
  readonly words: readonly string[];
}

/**
 * Commands in backquotes or in blocks of shell. What a document says of a command that is not served yet stands
 * elsewhere than under a code quote that begins with `keystair`.
 */
export function commandsShown(document: SourceFile): ShownCommand[] {
  const shown: string[] = [];
  const blocks = [...document.text.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1]!);
  for (const line of blocks.join('\n').replaceAll('\\\n', ' ').split('\n')) {
    const command = /(?:^|\| )(?:bin\/)?keystair ([^|>#]*)/.exec(line)?.[1];
    if (command !== undefined) shown.push(command);
  }
  const prose = document.text.replaceAll(/^```.*?^```/gms, '');
  for (const match of prose.matchAll(/`(?:bin\/)?keystair ([a-z][^`]*)`/g)) shown.push(match[1]!);
  return shown.map((words) => ({ where: document.path, words: words.trim().split(/\s+/) }));
}

/** Given to any command. */
const EVERYWHERE = ['json', 'debug', 'help', 'version'];

export function commandFaults({ where, words }: ShownCommand, nouns: Nouns): string[] {
  const [noun = '', verb] = words;
  const name = `keystair ${words.join(' ')}`;
  if (EVERYWHERE.includes(noun.replace(/^--/, ''))) return [];
  if (!Object.hasOwn(nouns, noun)) return [`${where}: no noun in ${name}`];
  const { verbs, alone } = nouns[noun]!;
  if (alone === undefined && (verb === undefined || verb.startsWith('-'))) return [];
  if (alone === undefined && !Object.hasOwn(verbs, verb!)) return [`${where}: no verb in ${name}`];
  const command = alone ?? verbs[verb!]!;
  if (command.notYet) return [`${where}: not served yet: ${name}`];
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=')[0]!)
    .filter((option) => !EVERYWHERE.includes(option))
    .filter((option) => command.options[option] === undefined || command.options[option].notYet)
    .map((option) => `${where}: no option --${option} in ${name}`);
}

/** Verbs that a document calls not there, as `NOUN VERB`, and that are. */
export function servedAfterAll(text: string, nouns: Nouns): string[] {
  return [...text.matchAll(/`([a-z]+) ([a-z-]+)(?: [^`]*)?`/g)]
    .filter(([, noun, verb]) => nouns[noun!]?.verbs[verb!]?.notYet === false)
    .map(([, noun, verb]) => `${noun} ${verb} is served`);
}

/** Numbers run 0001, 0002, … and the index names each note by its title. */
export function numberFaults(notes: readonly SourceFile[], index: string): string[] {
  const faults: string[] = [];
  const files = notes.map(({ path }) => path.split('/').at(-1)!).sort();
  files.forEach((file, at) => {
    const number = String(at + 1).padStart(4, '0');
    if (!file.startsWith(`${number}-`)) faults.push(`${file} stands where ${number} should`);
  });
  for (const { path, text } of notes) {
    const file = path.split('/').at(-1)!;
    const title = text.split('\n')[0]!.replace(/^# /, '');
    if (!title.startsWith(`${file.slice(0, 4)}: `)) faults.push(`${file} is called "${title}"`);
    if (!index.includes(`[${title}](${file})`)) faults.push(`the index lacks [${title}](${file})`);
  }
  return faults;
}
