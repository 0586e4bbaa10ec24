/**
 * Figures for a monitoring system, in the text format of Prometheus: what the server holds, which calls it received,
 * and what they cost. Invariant: no name, id or address is a label.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ServerStatus } from '#protocol/people/routes/server.ts';

/** From the time of a list to the time of an import. */
const SECONDS_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];

export interface MetricsPorts {
  readonly status: () => Promise<ServerStatus>;
  readonly freeBytes: () => Promise<number | undefined>;
  readonly auditEvents: () => Promise<number>;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #calls: Counter<'operation' | 'code'>;
  readonly #seconds: Histogram<'operation'>;
  readonly #gauges: readonly (readonly [gauge: Gauge, read: (facts: Facts) => number | undefined])[];
  readonly #cpu: Counter;
  readonly #ports: MetricsPorts;

  constructor(ports: MetricsPorts) {
    this.#ports = ports;
    const registers = [this.#registry];
    this.#calls = new Counter({
      name: 'keystair_people_calls_total',
      help: 'Calls of people and service accounts, by operation and by HTTP status.',
      labelNames: ['operation', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'keystair_people_call_duration_seconds',
      help: 'How long calls of people and service accounts took, by operation.',
      labelNames: ['operation'],
      buckets: SECONDS_BUCKETS,
      registers,
    });
    this.#cpu = new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Processor time that the server has used, user and system.',
      registers,
    });
    this.#gauges = GAUGES.map(([name, help, read]) => [new Gauge({ name, help, registers }), read]);
  }

  /** Notes a call that was answered. */
  note(operation: string, status: number, seconds: number): void {
    this.#calls.inc({ operation, code: String(status) });
    this.#seconds.observe({ operation }, seconds);
  }

  /** The text of one scrape. */
  async text(): Promise<string> {
    const { status, freeBytes, auditEvents } = this.#ports;
    const facts = { status: await status(), freeBytes: await freeBytes(), auditEvents: await auditEvents() };
    for (const [gauge, read] of this.#gauges) {
      const value = read(facts);
      if (value === undefined) gauge.remove();
      else gauge.set(value);
    }
    const { user, system } = process.cpuUsage();
    this.#cpu.reset();
    this.#cpu.inc((user + system) / 1e6);
    return this.#registry.metrics();
  }
}

interface Facts {
  readonly status: ServerStatus;
  readonly freeBytes: number | undefined;
  readonly auditEvents: number;
}

const GAUGES: readonly (readonly [name: string, help: string, read: (facts: Facts) => number | undefined])[] =
  [
    ['keystair_keys', 'Encryption keys in the repository.', ({ status }) => status.keys],
    [
      'keystair_keys_unacknowledged',
      'Keys that the primary has not acknowledged; 0 on a root.',
      ({ status: { primary, headSeq } }) =>
        primary === null || primary.dmz ? 0 : Math.max(0, headSeq - primary.acknowledgedSeq),
    ],
    ['keystair_devices', 'Managed devices.', ({ status }) => status.devices],
    ['keystair_secondaries', 'Secondaries of this server.', ({ status }) => status.secondaries.length],
    [
      'keystair_primary_connected',
      'Whether the primary answered the last heartbeat; 0 on a root.',
      ({ status }) => (status.primary?.state === 'connected' ? 1 : 0),
    ],
    [
      'keystair_warnings',
      'Warnings of the server’s status that an administrator should act on.',
      ({ status }) => status.warnings.length,
    ],
    ['keystair_audit_events', 'Events in the audit log.', ({ auditEvents }) => auditEvents],
    [
      'keystair_audit_forwarding_behind',
      'Events that the receiver furthest behind does not have yet; 0 where the audit log is not forwarded.',
      ({ status }) => Math.max(0, ...status.audit.forwarding.map(({ behind }) => behind)),
    ],
    [
      'keystair_audit_forwarding_failing',
      'Receivers of the audit log that did not take it at the last attempt.',
      ({ status }) => status.audit.forwarding.filter(({ problem }) => problem !== null).length,
    ],
    ['keystair_disk_free_bytes', 'Bytes free where the repository lies.', ({ freeBytes }) => freeBytes],
    ['process_resident_memory_bytes', 'Memory that the server holds.', () => process.memoryUsage.rss()],
    [
      'process_start_time_seconds',
      'When the server’s process started, Unix seconds.',
      () => Math.round(Date.now() / 1000 - process.uptime()),
    ],
  ];
