/** Faults by which a function does not wait for one of its ports: what must be durable first becomes so afterwards. */
import type { Wrap } from './bug.ts';

export const AUDIT_NOT_WAITED_FOR: Wrap =
  (sound) =>
  (ports, ...rest) =>
    sound({ ...ports, audit: { record: async (event: unknown) => void ports.audit.record(event) } }, ...rest);

export const PROVISIONS_NOT_WAITED_FOR: Wrap =
  (sound) =>
  (ports, ...rest) =>
    sound(
      { ...ports, provisions: { note: async (provision: unknown) => void ports.provisions.note(provision) } },
      ...rest,
    );

export const CUSTODY_NOT_WAITED_FOR: Wrap =
  (sound) =>
  (ports, ...rest) =>
    sound({ ...ports, custody: { record: async (key: unknown) => void ports.custody.record(key) } }, ...rest);
