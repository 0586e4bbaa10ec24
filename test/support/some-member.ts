/** Members as rows, for what needs no machine behind them. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Member } from '#domain/member.ts';

/** A managed device that nobody calls as. */
export function someDevice(name: string, more: Partial<Member> = {}): Member {
  return {
    id: randomUUID(),
    kind: 'device',
    name,
    fingerprint: randomBytes(32).toString('hex'),
    publicKey: randomBytes(44).toString('base64'),
    dmz: false,
    state: 'managed',
    movedTo: null,
    joinedAt: '2026-01-01T00:00:00.000Z',
    removedAt: null,
    ...more,
  };
}
