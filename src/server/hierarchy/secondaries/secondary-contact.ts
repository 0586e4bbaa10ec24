/**
 * What a primary knows of a secondary by hearsay: kept in the contact row, shown to people, never decided by.
 */
import { HEARTBEAT_INTERVAL_MS_DEFAULT } from '#domain/limits.ts';
import type { TreeServer } from '#protocol/messages.ts';
import type { Reader } from '#store/transaction.ts';
import { readHearsay } from '../hearsay.ts';

export interface SecondaryContact {
  readonly useHierarchy: boolean;
  /** Its own DMZ mark of the link. */
  readonly dmz: boolean;
  readonly epoch: string;
  readonly headSeq: number;
  readonly acknowledgedSeq: number;
  readonly treeDigest: string;
  /** When the tree was told, Unix ms. */
  readonly treeAt: number;
  readonly tree: readonly TreeServer[];
  readonly problem: string | null;
  /** The interval of its heartbeats, as it says. */
  readonly heartbeatMs: number;
  /** Older epochs that were reported as a copy's: once each. */
  readonly copiesTold: readonly string[];
}

const NOTHING_HEARD: SecondaryContact = {
  useHierarchy: false,
  dmz: false,
  epoch: '',
  headSeq: 0,
  acknowledgedSeq: 0,
  treeDigest: '',
  treeAt: 0,
  tree: [],
  problem: null,
  heartbeatMs: HEARTBEAT_INTERVAL_MS_DEFAULT,
  copiesTold: [],
};

export async function readSecondaryContact(
  reader: Reader,
  id: string,
): Promise<{ contact: SecondaryContact; lastHeartbeatAt: number | null }> {
  const row = await reader.contact(id);
  return {
    contact: { ...NOTHING_HEARD, ...readHearsay<SecondaryContact>(row) },
    lastHeartbeatAt: row?.lastHeartbeatAt ?? null,
  };
}
