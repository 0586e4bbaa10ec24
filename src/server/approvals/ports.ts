/** What approvals need of a server. */
import type { AskedAct, Meaning } from '#domain/approval.ts';
import type { Caller } from '#domain/right.ts';
import type { Notices } from '../notices/notices.ts';
import type { KnownByRowPorts } from './known-by-row.ts';
import type { ServerPorts } from '../repository/ports.ts';

export interface ApprovalPorts
  extends Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>,
    KnownByRowPorts {
  readonly notices: Pick<Notices, 'queue' | 'wake'>;
  /** What the parameters of a call name. Throws as the call itself would. */
  readonly meaningOf: (caller: Caller, asked: AskedAct) => Promise<Meaning>;
}
