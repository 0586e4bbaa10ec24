/**
 * What this process does with what the others of its server did: takes their data keys into use, drops what it remembers
 * of neighbours, ends streams that may no longer run, and tells watchers.
 *
 * Invariant: rows decide, here as everywhere. What is heard only says that something remembered is old.
 */
import type { Keyring } from '#crypto/keyring.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { LivingProcess, Processes } from '#store/processes.ts';
import type { AuditRow } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import type { Changes } from '../changes/changes.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { readPrimary } from '../hierarchy/primary/primary-row.ts';
import type { OpenStreams } from '../hierarchy/secondaries/open-streams.ts';
import { listMembers } from '../members/members.ts';
import { readEpoch, readIdentity, readOptions } from '../repository/settings.ts';
import { readDataKeys } from '../seals/seal-rows.ts';

/** Between two looks at which processes live, and what the leader heard of the primary. */
const LOOK_AROUND_MS = 5000;
/** Lines of others that watchers are told of at once; they read the state anew whatever else happened. */
const LINES_TOLD_MAX = 200;

export interface OtherProcessesPorts
  extends Pick<
    HierarchyPorts,
    'hierarchyChanged' | 'keysRecorded' | 'log' | 'rows' | 'server' | 'store' | 'timers'
  > {
  readonly keyring: Keyring;
  readonly link: PrimaryLink;
  readonly streams: OpenStreams;
  readonly changes: Changes;
  /** Wakes what only the leader does. */
  readonly wake: () => void;
}

/** What streams and memories depend on. */
interface Links {
  readonly primary: string;
  readonly all: string;
}

export class OtherProcesses {
  readonly #ports: OtherProcessesPorts;
  readonly #processes: Processes;
  #links: Links | undefined;
  #lines = 0;
  #addresses: readonly string[] = [];
  #cancel: () => void = () => undefined;

  constructor(ports: OtherProcessesPorts, processes: Processes) {
    this.#ports = ports;
    this.#processes = processes;
  }

  /** HOST:PORT of the others that serve. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  async start(): Promise<void> {
    const { reader } = this.#ports.store;
    this.#links = await this.#readLinks(reader);
    this.#lines = (await reader.auditHead()).seq;
    this.#processes.onChange((changed) => this.#hear(changed));
    this.#processes.onRecorded(({ keys }) => {
      if (keys) this.#ports.keysRecorded.raise();
      // Watchers of this process look again some other time.
      this.#tellWatchers().catch(() => undefined);
    });
    // What was changed between the reads above and now.
    await this.#hear(reader);
    await this.#lookAround();
  }

  stop(): void {
    this.#cancel();
  }

  async #hear(reader: Reader): Promise<void> {
    const { rows, server, keyring, link, streams, hierarchyChanged, wake } = this.#ports;
    await takeDataKeys(keyring, reader);
    const name = (await readIdentity(rows, reader))?.name;
    if (name !== undefined) Object.assign(server, { name });
    const before = this.#links;
    this.#links = await this.#readLinks(reader);
    wake();
    if (before === undefined || before.all === this.#links.all) return;
    if (before.primary !== this.#links.primary) link.forget();
    link.closeStreams();
    streams.closeAll();
    hierarchyChanged.raise();
  }

  async #readLinks(reader: Reader): Promise<Links> {
    const { rows } = this.#ports;
    const { useHierarchy } = await readOptions(rows, reader);
    const primary = await readPrimary(rows, reader);
    const secondaries = await listMembers(rows, reader, 'secondary');
    const recoveries = await reader.rows('recovery');
    const all = [
      (await readEpoch(rows, reader))?.epoch,
      useHierarchy,
      primary?.id,
      primary?.dmz,
      secondaries.map(({ id, dmz }) => [id, dmz]),
      recoveries.map(({ id, body }) => [id, body]),
    ];
    return { primary: primary?.id ?? '', all: JSON.stringify(all) };
  }

  async #tellWatchers(): Promise<void> {
    const { store, changes } = this.#ports;
    const { seq } = await store.reader.auditHead();
    const from = Math.max(this.#lines, seq - LINES_TOLD_MAX);
    this.#lines = seq;
    if (from >= seq) return;
    changes.noteEvents((await store.reader.auditAfter(from, LINES_TOLD_MAX)).map(eventOf));
  }

  /** What members are told of the others, and people of the primary that another one hears. Never throws. */
  async #lookAround(): Promise<void> {
    try {
      this.#addresses = this.#othersOf(await this.#processes.living());
      if (!this.#processes.leads) await this.#ports.link.remember(true);
    } catch {
      // What was seen last is as good a guess as any.
    }
    this.#cancel = this.#ports.timers.after(LOOK_AROUND_MS, () => void this.#lookAround());
  }

  #othersOf(processes: readonly LivingProcess[]): readonly string[] {
    return processes.flatMap(({ id, address, state }) =>
      id === this.#processes.process || address === null || state !== 'serving' ? [] : [address],
    );
  }
}

/** Rows that another process of this server stored. */
export async function takeDataKeys(keyring: Keyring, reader: Reader): Promise<void> {
  const stored = await readDataKeys(reader);
  for (const row of stored.toSorted((one, other) => one.number - other.number)) keyring.useDataKey(row);
}

function eventOf({ event }: AuditRow): string {
  try {
    const { event: name } = parseJson(event, ROW_JSON) as { readonly event?: unknown };
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}
