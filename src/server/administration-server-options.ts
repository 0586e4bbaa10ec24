/** What an Administration Server is assembled from: its world, and what its configuration says. */
import type { Store } from '#store/store.ts';
import type { Clock, Log, Random, Timers } from './environment/environment.ts';
import type { AuditReceiver } from './forwarding/receiver.ts';
import type { Dialler } from './hierarchy/primary/dialler.ts';
import type { AskToJoin } from './hierarchy/primary/join.ts';
import type { Credentials } from './members/credentials.ts';
import type { Budgets } from './members/member-budgets.ts';
import type { Receiver } from './notices/notices.ts';
import type { ProviderSettings } from './people/provider-settings.ts';
import type { MakeParameters } from './people/stretcher.ts';
import type { SealsPorts } from './seals/seals.ts';
import type { Repository } from './start/create-repository.ts';
import type { StatusPorts } from './status/status.ts';
import type { TransferTuning } from './transfer/transfer-ports.ts';

export interface AdministrationServerOptions {
  readonly repository: Repository;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly credentials: Credentials;
  readonly dialler: Dialler;
  readonly askToJoin: AskToJoin;
  readonly makePrivateKey: () => string;
  readonly facts: StatusPorts['facts'];
  /** Its neighbours are told its recipient, whose keys are made and loaded once it has a neighbour. */
  readonly tellsRecipient?: true;
  readonly budgets?: Budgets;
  readonly transferTuning?: TransferTuning;
  /** False: only Ed25519 signs the audit log, so that the same seed gives the same signatures. */
  readonly postQuantumLog?: boolean;
  /** What the passwords of people cost; the real cost by default. */
  readonly passwordParameters?: MakeParameters;
  /** Through whom people may sign in. */
  readonly providers?: readonly ProviderSettings[];
  /** Whom to tell that an approval is wanted. */
  readonly receivers?: readonly Receiver[];
  /** Where the audit log is forwarded to. */
  readonly auditReceivers?: readonly AuditReceiver[];
  /** Where its seals are kept. */
  readonly sealPlaces: Pick<SealsPorts, 'dataDirectory' | 'places'>;
}
