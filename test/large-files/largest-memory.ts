/**
 * How much memory a process may have held at its largest, and how much more for ten times the keys. Here and nowhere
 * else, so that a figure that was reached is not given up again.
 */
import { readFileSync } from 'node:fs';

const MIB = 1024 * 1024;
/** Of a server or a command that carries keys by hand. The goal is 200 MB; what is above it is for a busy machine. */
export const LARGEST_BYTES_MAX = 256 * MIB;
/** What the collector may be late by; the tenth part of a million keys is some 50 MB of file alone. */
export const GROWTH_BYTES_MAX = 64 * MIB;

/** Resident bytes at the most so far; undefined where the process is gone. */
export function largestMemoryOf(pid: number): number | undefined {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line === null ? undefined : Number(line[1]) * 1024;
  } catch {
    return undefined;
  }
}
