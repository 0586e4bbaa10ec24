/** A secondary that a test plays: it says and sends what it is told, also what no server of ours would. */
import { randomBytes } from 'node:crypto';
import { nextChainValue, type Position, SEQUENCE_START } from '#domain/sequence.ts';
import type { HeartbeatRequest } from '#protocol/messages.ts';
import { hex } from './batch-lines.ts';
import { joinAs, type MadeMember } from './machine-caller.ts';
import type { ServerInProcess } from './server-in-process.ts';

export interface Batch {
  readonly start: Position;
  readonly end: Position;
  /** First line, keys, last line; without the newlines. */
  readonly lines: readonly string[];
}

export interface PlayedSecondary extends MadeMember {
  readonly epoch: string;
  /** Says where it stands, and hears the cursor. */
  heartbeat(more?: Partial<HeartbeatRequest>): ReturnType<MadeMember['calls']['call']>;
}

/** Where most callers look for them. */
export { hex, lineOf } from './batch-lines.ts';

/** A whole batch of lines that each carry a digest. */
export function batchOf(epoch: string, start: Position, keyLines: readonly string[]): Batch {
  let { chain } = start;
  for (const line of keyLines) {
    const { digest } = JSON.parse(line) as { digest: string };
    chain = nextChainValue(chain, Buffer.from(digest, 'hex'));
  }
  const end = { seq: start.seq + keyLines.length, chain };
  return {
    start,
    end,
    lines: [
      JSON.stringify({ epoch, seq: start.seq, chain: hex(start.chain) }),
      ...keyLines,
      JSON.stringify({ end: { seq: end.seq, chain: hex(end.chain) } }),
    ],
  };
}

export function bytesOf(batch: Batch): Uint8Array {
  return Buffer.from(`${batch.lines.join('\n')}\n`);
}

export async function playSecondary(
  primary: Pick<ServerInProcess, 'call' | 'clock'>,
  name = 'played',
): Promise<PlayedSecondary> {
  const { invitation } = await primary.call('inviteSecondary', {});
  const member = await joinAs(invitation, { name, now: primary.clock });
  const epoch = hex(randomBytes(16));
  return {
    ...member,
    epoch,
    heartbeat: (more = {}) =>
      member.calls.call('heartbeat', {
        name,
        useHierarchy: true,
        dmz: false,
        epoch,
        seq: 0,
        chain: hex(SEQUENCE_START.chain),
        treeDigest: '0'.repeat(16),
        ...more,
      }),
  };
}
