/** The ports of the operations of the hierarchy: a server's ordinary ports, and what secondaries reported. */
import type { Introduction } from '#protocol/introduction.ts';
import type { Checkpoints } from '../checkpoints/checkpoints.ts';
import type { GroupPolicies } from '../groups/group-policies.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { ReportedLinkSettings } from './secondaries/reported-link-settings.ts';

export interface HierarchyPorts extends ServerPorts {
  /** What secondaries said of their own ends of the links. */
  readonly reported: ReportedLinkSettings;
  /** Of this server's audit log. Undefined where its keys do not open: then none is signed. */
  readonly checkpoints: Checkpoints | undefined;
  /** What devices here must do. */
  readonly policies: GroupPolicies;
  /** What this server tells its neighbours of itself. */
  readonly introduction: () => Introduction;
}
