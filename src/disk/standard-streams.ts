/**
 * Standard input and output as the process has them. Invariant: reads and writes reach what is really there. Node
 * treats a block device or a folder as nothing: it reads no byte from it, loses what is written, and reports neither.
 */
import { createReadStream, createWriteStream, fstatSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

function isTakenForNothing(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isBlockDevice() || found.isDirectory();
}

export function standardInput(): Readable & { readonly isTTY?: boolean } {
  return isTakenForNothing(0) ? createReadStream('', { fd: 0 }) : process.stdin;
}

export function standardOutput(): Writable & { readonly isTTY?: boolean } {
  return isTakenForNothing(1) ? createWriteStream('', { fd: 1, autoClose: false }) : process.stdout;
}
