/** The calls about policies: what the devices of a group must do. */
import { z } from 'zod';
import { GROUPS_MAX } from '#domain/group.ts';
import { SENT_POLICY_VALUES_MAX } from '#domain/policy/policy-limits.ts';
import { read, write } from '#domain/right.ts';
import { list } from '../../forms.ts';
import { SettingValue, SettingValuesForm } from '../../policy-messages.ts';
import { Field, Named } from '../people-fields.ts';
import { row } from '../people-route.ts';

const DEVICES = 'Managed devices';

/** Where a value comes from, as far as the caller may know: null is the default, or a group above what they see. */
const From = z.object({
  kind: z.enum(['default', 'group', 'primary']),
  id: Field.nullable(),
  name: Field.nullable(),
});

/** A setting that holds for the devices of the group. */
const ShownSetting = z.object({
  setting: Field,
  value: SettingValue,
  from: From,
  /** Groups below cannot change it. */
  locked: z.boolean(),
  /** False for a setting, or a value, of a later release: devices of this release leave it. */
  known: z.boolean(),
});

const GroupNamed = z.object({ id: Field, name: Field });
/** What the group, or one below it, says and what does not count: the setting is locked further up. */
const Overruled = z.object({ setting: Field, group: GroupNamed, by: From });
const Settings = list(ShownSetting, SENT_POLICY_VALUES_MAX);

const ShownPolicy = z.object({
  group: GroupNamed,
  /** The group's own document: settings, and in `locked` the names of those that groups below cannot change. */
  policy: SettingValuesForm,
  /** Of the last change to what holds for the group. Its devices tell it, or a later one of their own. */
  number: z.number(),
  /** What holds without the group's own document. */
  inherited: Settings,
  /** What holds for the devices of the group: every setting of this release, and others that are set. */
  settings: Settings,
  overruled: list(Overruled, SENT_POLICY_VALUES_MAX),
});

const Effect = z.object({
  group: GroupNamed,
  /** What would hold instead for devices of the group itself; a value is absent where nothing holds. */
  changes: list(
    z.object({ setting: Field, before: SettingValue.optional(), after: SettingValue.optional() }),
    SENT_POLICY_VALUES_MAX,
  ),
  /** Devices, here and in groups below, for which something changes. */
  devices: z.number(),
  /** The groups in which they stand. */
  groups: list(GroupNamed, GROUPS_MAX + 1),
  /** What groups below say and what no longer counts. */
  overruled: list(Overruled, SENT_POLICY_VALUES_MAX),
});

export const POLICIES_ROUTES = {
  showPolicy: row({
    method: 'GET',
    path: '/groups/{id}/policy',
    summary: 'Shows the policy of a group, what it inherits, and what holds for its devices.',
    rights: [read(DEVICES)],
    limitable: true,
    request: z.object({ id: Named }),
    answer: ShownPolicy,
    version: ({ policy }) => ({ policy }),
    example: { id: 'Lyon' },
  }),
  previewPolicy: row({
    method: 'POST',
    path: '/groups/{id}/policy/preview',
    summary: 'Checks a policy, and says what it would change and for how many devices. Changes nothing.',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({ id: Named, policy: SettingValuesForm }),
    answer: Effect,
    example: { id: 'Lyon', policy: { fixedDrives: 'take-into-custody' } },
  }),
  setPolicy: row({
    method: 'PUT',
    path: '/groups/{id}/policy',
    summary: 'Replaces the policy of a group. Devices hear of it with their next heartbeat.',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({ id: Named, policy: SettingValuesForm }),
    answer: Effect.extend({ policy: SettingValuesForm, number: z.number() }),
    version: ({ policy }) => ({ policy }),
    example: { id: 'Lyon', policy: { fixedDrives: 'take-into-custody', locked: ['fixedDrives'] } },
  }),
} as const;
