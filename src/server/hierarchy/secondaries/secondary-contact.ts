/**
 * The unverified status of a secondary, kept by its primary in the contact row. It is shown to people and decides
 * nothing.
 */
import { HEARTBEAT_INTERVAL_MS_DEFAULT } from '#domain/limits.ts';
import { formed } from '#protocol/forms.ts';
import { type TreeServer, ToldServersSchema } from '#protocol/server-tree.ts';
import type { Reader } from '#store/transaction.ts';
import { cutTold } from '../cut-tree.ts';
import { readUnverified } from '../unverified-status.ts';

export interface SecondaryContact {
  readonly useHierarchy: boolean;
  /** Its own DMZ mark of the link. */
  readonly dmz: boolean;
  readonly epoch: string;
  readonly headSeq: number;
  readonly acknowledgedSeq: number;
  readonly treeDigest: string;
  /** When the secondary reported the tree, Unix ms. */
  readonly treeAt: number;
  /** Cut to what can be shown and reported upward. */
  readonly tree: readonly TreeServer[];
  /** Whether servers right below it are left out of the tree. */
  readonly isTreeShortened: boolean;
  readonly problem: string | null;
  /** The address of its console. */
  readonly console?: string | undefined;
  /** The interval of its heartbeats, by its own word. */
  readonly heartbeatMs: number;
  /** Older epochs that were reported as a copy's, once each. */
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
  isTreeShortened: false,
  problem: null,
  heartbeatMs: HEARTBEAT_INTERVAL_MS_DEFAULT,
  copiesTold: [],
};

/**
 * @param ownId this server's.
 * @returns `isCut` if the row holds a tree that an earlier release kept as told.
 */
export async function readSecondaryContact(
  reader: Reader,
  id: string,
  ownId: string,
): Promise<{ contact: SecondaryContact; lastHeartbeatAt: number | null; isCut: boolean }> {
  const row = await reader.contact(id);
  const contact = { ...NOTHING_HEARD, ...readUnverified<SecondaryContact>(row) };
  const parsed = formed(ToldServersSchema, contact.tree);
  const { tree, isCut, isShortened } = parsed.ok
    ? cutTold(parsed.value, ownId)
    : { tree: [], isCut: true, isShortened: true };
  const isTreeShortened = contact.isTreeShortened || isShortened;
  return {
    contact: { ...contact, tree, isTreeShortened },
    lastHeartbeatAt: row?.lastHeartbeatAt ?? null,
    isCut,
  };
}
