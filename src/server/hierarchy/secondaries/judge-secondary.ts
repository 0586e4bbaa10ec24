/**
 * Decides about the link to a secondary: whether a key may cross it now and, if not, the reason to tell the secondary.
 */
import { judgeLink, type LinkVerdict } from '#domain/hierarchy.ts';
import type { LookupRefusal } from '#domain/lookup.ts';
import type { LookupReason } from '#domain/lookup-reason.ts';
import type { Member } from '#domain/member.ts';
import type { Reader } from '#store/transaction.ts';
import { type Options, readOptions } from '../../repository/settings.ts';
import type { HierarchyPorts } from '../ports.ts';
import { readSecondaryContact } from './secondary-contact.ts';

export type Refused = { readonly outcome: 'not-found' } & LookupRefusal;

/** Judges the link by the secondary's row and this server's option, as just read. */
export async function judgeSecondaryLink(
  { reported, server, store }: Pick<HierarchyPorts, 'reported' | 'server' | 'store'>,
  reader: Reader,
  options: Pick<Options, 'useHierarchy'>,
  member: Pick<Member, 'id' | 'dmz'>,
): Promise<LinkVerdict> {
  const elsewhere =
    store.processes === undefined ? undefined : await heardElsewhere(reader, member.id, server.id);
  const end = reported.endOf(member.id, elsewhere);
  return judgeLink({
    ownOption: options.useHierarchy,
    neighbourOption: end.useHierarchy,
    ownDmz: member.dmz,
    neighbourDmz: end.dmz,
  });
}

/** What whichever process of this server heard last. */
async function heardElsewhere(reader: Reader, id: string, ownId: string) {
  const { contact, lastHeartbeatAt } = await readSecondaryContact(reader, id, ownId);
  if (lastHeartbeatAt === null) return undefined;
  return { useHierarchy: contact.useHierarchy, dmz: contact.dmz, at: lastHeartbeatAt };
}

/** Why no key may cross to this secondary now; undefined if one may. */
export async function judgeSecondary(
  ports: Pick<HierarchyPorts, 'reported' | 'rows' | 'server' | 'store'>,
  member: Member,
  asked: LookupRefusal['asked'],
): Promise<Refused | undefined> {
  const { reader } = ports.store;
  const options = await readOptions(ports.rows, reader);
  const verdict = await judgeSecondaryLink(ports, reader, options, member);
  const reasons: Record<LinkVerdict, LookupReason | undefined> = {
    open: undefined,
    dmz: 'link-in-dmz',
    'own-option-off': 'option-off',
    'neighbour-option-off': 'option-off',
    'not-heard': 'option-off',
  };
  const reason = reasons[verdict];
  if (reason === undefined) return undefined;
  const at = verdict === 'own-option-off' ? ports.server : { id: member.id, name: member.name };
  return { outcome: 'not-found', reason, at, asked };
}
