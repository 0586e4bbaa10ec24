/**
 * The glossary's banned words, held against the names in src: identifiers, files and folders. Only words that mean one
 * of our things wrongly are here. Words of the glossary's right column that the field needs for something else are
 * left out: client, database, store, query, search, secret, value, version, backup, top, instance, proof.
 */
import * as childProcess from 'node:child_process';
import * as cryptography from 'node:crypto';
import * as fileSystem from 'node:fs';
import * as sqlite from 'node:sqlite';
import * as workerThreads from 'node:worker_threads';
import * as compression from 'node:zlib';
import { identifiersOf, importsOf, type SourceFile, wordsOf } from './source-text.ts';

/** Each with the word that is meant. */
const BANNED: Readonly<Record<string, string>> = {
  node: 'server',
  parent: 'primary',
  child: 'secondary',
  children: 'secondaries',
  master: 'primary',
  slave: 'secondary',
  cluster: 'hierarchy',
  host: 'device',
  hosts: 'devices',
  daemon: 'agent',
  blob: 'key material',
  vault: 'repository',
  ping: 'heartbeat',
  poll: 'heartbeat',
  sync: 'heartbeat',
  upload: 'transmission',
  token: 'claim or invitation',
  tokens: 'claims or invitations',
  account: 'member',
  dump: 'export file',
  permission: 'right',
  permissions: 'rights',
  scope: 'right',
};

interface Exception {
  readonly word: RegExp;
  readonly path: RegExp;
  /** Which names with that word; all where it is left out. */
  readonly name?: RegExp;
  readonly because: string;
}

/** Where a word means what the field means by it, and not one of our things. */
const EXCEPTIONS: readonly Exception[] = [
  {
    word: /^tokens?$/,
    path: /^src\/agent\//,
    because: 'LUKS2 calls its JSON records in the header tokens',
  },
  {
    word: /^tokens$/,
    path: /^src\/cli\/arguments\.ts$/,
    because: "parseArgs calls the command line's words tokens",
  },
  {
    word: /^tokens?$/,
    path: /^src\/(?:crypto\/seal\/pkcs11-token|server\/seals\/|protocol\/seal-messages|cli\/commands\/seals)/,
    because: 'PKCS#11 calls what holds keys a token',
  },
  {
    word: /^hosts?$/,
    path: /./,
    name: /^hosts?(?:_?name|_?port)?$/i,
    because: 'an address is HOST:PORT, and so are the fields of sockets and certificates',
  },
  {
    word: /^sync$/,
    path: /./,
    name: /^(?:fd|data)?sync(?:$|ed$|File|Folder|Directory|Path)/i,
    because: 'bringing a file to the disk is called that by every operating system',
  },
  {
    word: /^blob$/,
    path: /^src\/crypto\//,
    because: 'what the barrier sealed, whatever it was before',
  },
  {
    word: /^permission$/,
    path: /^src\/agent\/drives\//,
    name: /^EXIT_/,
    because: "cryptsetup's exit codes",
  },
];

/** Names that Node gives: `readFileSync`, `DatabaseSync`, `ChildProcess`, `parentPort`. */
const NODE_NAMES = new Set(
  [childProcess, compression, cryptography, fileSystem, sqlite, workerThreads].flatMap((module) =>
    Object.keys(module),
  ),
).add('NodeJS');

function exempt(path: string, name: string, word: string): boolean {
  return EXCEPTIONS.some(
    (exception) =>
      exception.word.test(word) &&
      exception.path.test(path) &&
      (exception.name === undefined || exception.name.test(name)),
  );
}

export function glossaryFaults(file: SourceFile): string[] {
  const imports = importsOf(file.text);
  // A process that was started is a child in Node's words, wherever one is started.
  const startsProcesses = imports.some(({ specifier }) => specifier === 'node:child_process');
  const faults: string[] = [];
  for (const name of [...identifiersOf(file.text), file.path]) {
    if (NODE_NAMES.has(name)) continue;
    for (const word of wordsOf(name)) {
      const meant = Object.hasOwn(BANNED, word) ? BANNED[word] : undefined;
      if (meant === undefined || exempt(file.path, name, word) || (word === 'child' && startsProcesses))
        continue;
      faults.push(`'${word}' in ${name}: say ${meant}`);
    }
  }
  return faults;
}
