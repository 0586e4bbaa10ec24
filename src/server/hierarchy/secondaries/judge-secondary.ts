/** Whether a key may cross to a secondary now, and if not, the reason that the secondary is told. */
import { judgeLink, type LinkVerdict } from '#domain/hierarchy.ts';
import type { LookupReason, LookupRefusal } from '#domain/lookup.ts';
import type { Member } from '#domain/member.ts';
import { readOptions } from '../../repository/settings.ts';
import type { HierarchyPorts } from '../ports.ts';

export type Refused = { readonly outcome: 'not-found' } & LookupRefusal;

/** Why no key crosses to this secondary now, or undefined where one may. */
export async function judgeSecondary(
  ports: HierarchyPorts,
  member: Member,
  asked: LookupRefusal['asked'],
): Promise<Refused | undefined> {
  const { reader } = ports.store;
  const options = await readOptions(ports.rows, reader);
  const end = ports.ears.endOf(member.id);
  const verdict = judgeLink({
    ownOption: options.useHierarchy,
    neighbourOption: end.useHierarchy,
    ownDmz: member.dmz,
    neighbourDmz: end.dmz,
  });
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
