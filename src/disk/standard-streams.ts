/**
 * Standard input and output as the process has them. Invariant: what is read and written is what stands there. Node
 * takes a block device and a folder for nothing at all: it reads no byte from them, loses what is written, and says
 * neither.
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
