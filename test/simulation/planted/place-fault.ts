/**
 * Placing a fault in the text of the program: what is sound goes on under another name, and what is faulty takes its
 * name, so that whoever calls it, in the same file too, meets the fault.
 *
 * Invariant: a name that src defines never or more than once is refused. The fault would be nowhere, or in the wrong
 * place, and a checker that finds nothing would look blind.
 */
import { codeOf, type SourceFile } from '#test/house/source-text.ts';
import type { Fault } from './bug.ts';

/** Where a definition stands: what comes before its name is kept before either twin, or before the sound one only. */
interface Place {
  readonly file: SourceFile;
  readonly at: number;
  readonly ofBoth: string;
  readonly ofSound: string;
  readonly name: string;
}

/** The program with the fault in it. Throws where what it names is not there exactly once. */
export function withFault(files: readonly SourceFile[], fault: Fault): readonly SourceFile[] {
  const name = 'definition' in fault ? fault.definition : fault.constant;
  const [outermost = ''] = name.split('.');
  // Most files do not hold the name at all, and need no closer look.
  const places = files
    .filter(({ text }) => text.includes(outermost))
    .flatMap((file) => placesIn(file, fault));
  const [place] = places;
  if (place === undefined || places.length > 1) {
    const where = places.map(({ file }) => file.path).join(', ');
    throw new Error(`src defines ${name} ${places.length} times${where === '' ? '' : `: ${where}`}`);
  }
  const text = faultyText(fault, place);
  return files.map((file) => (file === place.file ? { ...file, text } : file));
}

function placesIn(file: SourceFile, fault: Fault): Place[] {
  const code = codeOf(file.text);
  if ('constant' in fault) return topLevel(file, code, String.raw`const\s+`, fault.constant);
  const [owner = '', method] = fault.definition.split('.');
  return method === undefined
    ? topLevel(file, code, String.raw`(?:async\s+)?function(?:\s*\*\s*|\s+)`, owner)
    : topLevel(file, code, String.raw`class\s+`, owner).flatMap(({ at }) => methods(file, code, at, method));
}

function topLevel(file: SourceFile, code: string, keyword: string, name: string): Place[] {
  const pattern = new RegExp(String.raw`^((?:export\s+)?)(${keyword})${name}\b`, 'gm');
  return [...code.matchAll(pattern)].map(({ index, 1: ofBoth = '', 2: ofSound = '' }) => ({
    file,
    at: index,
    ofBoth,
    ofSound,
    name,
  }));
}

/** A call in a method looks the same as a member of the class, and stands deeper. */
function methods(file: SourceFile, code: string, classAt: number, name: string): Place[] {
  const pattern = new RegExp(String.raw`(?<=[{};]\s*)((?:async\s+|\*\s*)*)${name}(?=\s*[<(])|[{}]`, 'g');
  pattern.lastIndex = classAt;
  const places: Place[] = [];
  let depth = 0;
  for (let found = pattern.exec(code); found !== null; found = pattern.exec(code)) {
    if (found[0] === '{') depth += 1;
    else if (found[0] === '}') depth -= 1;
    else if (depth === 1) places.push({ file, at: found.index, ofBoth: '', ofSound: found[1] ?? '', name });
    if (depth === 0) break;
  }
  return places;
}

function faultyText(fault: Fault, { file, at, ofBoth, ofSound, name }: Place): string {
  const sound = `${name}AsItIsSound`;
  const end = at + ofBoth.length + ofSound.length + name.length;
  const faulty = faultyTwin(fault, name, sound);
  return `${file.text.slice(0, at)}${ofBoth}${faulty}\n${ofSound}${sound}${file.text.slice(end)}`;
}

function faultyTwin(fault: Fault, name: string, sound: string): string {
  if ('constant' in fault) return `const ${name} = ${fault.value};`;
  const isMethod = fault.definition !== name;
  const [head, callSound] = isMethod
    ? [name, `(...given) => this.${sound}(...given), this`]
    : [`function ${name}`, sound];
  return `${head}(...given) { return (${String(fault.wrap)})(${callSound})(...given); }`;
}
