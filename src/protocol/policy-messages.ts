/**
 * How a policy travels: a heartbeat names the one it has, the answer carries the one that holds where that is another.
 * Settings of a later release travel along, and whoever does not know them names them.
 */
import { z } from 'zod';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { isSendable } from '#domain/policy/sendable.ts';
import { Name, ShortDigest } from './fields.ts';
import { STOPS, text, whole } from './forms.ts';

/** The value of a setting of any release. Bounded as JSON. */
export const SettingValue = z.unknown();

/** Values by name of setting, bounded as JSON. */
export const SettingValuesForm = z
  .record(text(NAME_LENGTH_MAX, 1), SettingValue)
  .refine(isSendable, { ...STOPS, message: 'must be of the size of a policy' });

/** What a heartbeat says of the policy that its sender has; number 0 and no digest where it has none. */
export const HeldPolicy = z.object({ number: whole(), digest: ShortDigest.optional() });
export type HeldPolicy = z.infer<typeof HeldPolicy>;

/** The policy that holds for a device. A number is its server's own and rises with every change there. */
export const DevicePolicy = z.object({
  number: whole(),
  digest: ShortDigest,
  /** Where the device stands. */
  group: Name,
  /** What is set, without defaults. `readSettings` says what this release makes of it. */
  settings: SettingValuesForm,
});
export type DevicePolicy = z.infer<typeof DevicePolicy>;

/** The policy of a primary's root group, for a secondary that takes it: `locked` is among its fields. */
export const PrimaryPolicy = z.object({ number: whole(), digest: ShortDigest, document: SettingValuesForm });
export type PrimaryPolicy = z.infer<typeof PrimaryPolicy>;
