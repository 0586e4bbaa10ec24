/** The ports of the operations of the hierarchy: a server's ordinary ports, and what secondaries reported. */
import type { ServerPorts } from '../repository/ports.ts';
import type { ReportedLinkSettings } from './secondaries/reported-link-settings.ts';

export interface HierarchyPorts extends ServerPorts {
  /** What secondaries said of their own ends of the links. */
  readonly reported: ReportedLinkSettings;
}
