/** The ports of the hierarchy's operations: a server's ordinary ports and the ears. */
import type { ServerPorts } from '../repository/ports.ts';
import type { SecondaryEars } from './secondaries/secondary-ears.ts';

export interface HierarchyPorts extends ServerPorts {
  /** What secondaries said of their own ends of the links. */
  readonly ears: SecondaryEars;
}
