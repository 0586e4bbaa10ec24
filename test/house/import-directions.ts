/**
 * Imports point down only: programs, then adapters, then the protocol, then the domain. Folders on one line never
 * import each other; only the command line's `main.ts` knows the other programs, by their `main.ts`.
 */
import { posix } from 'node:path';
import { codeOf, importsOf, type SourceFile } from './source-text.ts';

const BELOW_PROGRAMS = ['crypto', 'disk', 'store', 'transport', 'protocol', 'domain'];
const BELOW_ADAPTERS = ['protocol', 'domain'];
/** The disk lies below whatever keeps something on it. */
const BELOW_KEEPERS = ['disk', ...BELOW_ADAPTERS];

/** What each folder of src may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  protocol: ['domain'],
  crypto: BELOW_KEEPERS,
  disk: BELOW_ADAPTERS,
  store: BELOW_KEEPERS,
  transport: BELOW_ADAPTERS,
  server: BELOW_PROGRAMS,
  agent: BELOW_PROGRAMS,
  cli: BELOW_PROGRAMS,
  /** Pages: they have the documented API, and nothing of the server. */
  console: ['protocol'],
};

/** The one file that wires programs together, and what it may take of them. */
const WIRING = 'src/cli/main.ts';
const WIRED = ['#server/main.ts', '#agent/main.ts'];

/** The domain is pure: of Node it may have hashing and the comparison in constant time, nothing else. */
const DOMAIN_CRYPTO = ['hash', 'createHash', 'timingSafeEqual'];
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|process\.|console\.|setTimeout|setInterval|setImmediate|fetch\(|crypto\.)/;

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** The file of src that a specifier means; undefined for packages and Node's own. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`;
  return undefined;
}

function faultOfImport(file: SourceFile, specifier: string, names: readonly string[]): string | undefined {
  const from = folderOf(file.path);
  const target = targetOf(file.path, specifier);
  if (target === undefined) {
    if (from !== 'domain') return undefined;
    const hashing =
      specifier === 'node:crypto' && names.length > 0 && names.every((one) => DOMAIN_CRYPTO.includes(one));
    return hashing ? undefined : `the domain is pure and imports ${specifier}`;
  }
  const page = from === 'console' && /\.(?:tsx|css)$/.test(target);
  if (!page && !target.endsWith('.ts')) return `${specifier} does not name a .ts file`;
  const to = folderOf(target);
  if (to === from) {
    return specifier.startsWith('#')
      ? `${specifier} lies in the same folder: import it relatively`
      : undefined;
  }
  if (specifier.startsWith('.'))
    return `${specifier} leaves the folder: write #${target.slice('src/'.length)}`;
  if (file.path === WIRING && WIRED.includes(specifier)) return undefined;
  if (MAY_IMPORT[from]?.includes(to) === true) return undefined;
  return `${from} may not import ${specifier}`;
}

export function importFaults(file: SourceFile): string[] {
  const faults: string[] = [];
  if (MAY_IMPORT[folderOf(file.path)] === undefined) faults.push('lies in no known folder of src');
  for (const { specifier, names } of importsOf(file.text)) {
    const fault = faultOfImport(file, specifier, names);
    if (fault !== undefined) faults.push(fault);
  }
  if (folderOf(file.path) === 'domain') {
    const impure = IMPURE.exec(codeOf(file.text))?.[0];
    if (impure !== undefined) faults.push(`the domain is pure and uses ${impure}`);
  }
  return faults;
}

/** The neighbours of foreign make: what they share with us is docs/PROTOCOL.md. */
export const FOREIGN_FOLDER = 'test/hostile/members/foreign/';

/** Whatever is no part of Node and does not lie beside it. */
export function foreignFaults(file: SourceFile): string[] {
  return importsOf(file.text)
    .filter(({ specifier }) => !/^(?:node:|\.\/[\w-]+\.ts$)/.test(specifier))
    .map(({ specifier }) => `a program of foreign make imports ${specifier}`);
}

/** The paths that imports lead to from some of the files, these among them. Imports of types count. */
function reachedFrom(files: readonly SourceFile[], roots: RegExp): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const open = files.map(({ path }) => path).filter((path) => roots.test(path));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of importsOf(file.text)) {
      const target = targetOf(path, specifier);
      if (target !== undefined) open.push(target);
    }
  }
  return reached;
}

/** Files that no program's `main.ts` reaches. */
export function deadFiles(files: readonly SourceFile[]): string[] {
  const reached = reachedFrom(files, /^src\/[a-z]+\/main\.tsx?$|^src\/console\/build\.ts$/);
  return files.map(({ path }) => path).filter((path) => !reached.has(path));
}

/** What a browser shares with us, and what it does not have. */
const IN_BROWSERS = /^src\/(?:protocol\/people|console\/[a-z-]+)\//;
const NODES_OWN = /\b(?:Buffer|process)\b/;

/** Where the calls of people lead to something that only Node has. One sentence a file. */
export function nodeFaults(files: readonly SourceFile[]): string[] {
  const reached = reachedFrom(files, IN_BROWSERS);
  return files
    .filter(({ path }) => reached.has(path))
    .flatMap(({ path, text }) => {
      const node = importsOf(text).find(({ specifier }) => specifier.startsWith('node:'))?.specifier;
      const found = node ?? NODES_OWN.exec(codeOf(text))?.[0];
      return found === undefined ? [] : [`${path} uses ${found}, and a browser is to have it`];
    });
}
