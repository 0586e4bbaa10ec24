/**
 * A policy: what devices of a group must do, as a document of settings by name, of which `locked` names those that
 * groups below cannot change.
 *
 * Invariants: a document that was checked says only what this release can carry out. One that comes from a later
 * release is never refused: what is unknown in it is kept, shown and named, and the rest is done.
 */
import { isObject } from '../bounded-json.ts';
import { didYouMean } from '../did-you-mean.ts';
import { KeystairError } from '../errors.ts';
import type { NextStep } from '../step.ts';
import { POLICY_BYTES_MAX, POLICY_FAULTS_NAMED } from './policy-limits.ts';
import {
  isSettingName,
  MADE_DRIVE_ALGORITHM,
  NOT_CARRIED_OUT,
  POLICY_DEFAULTS,
  type PolicySettings,
  type SettingName,
  SETTING_NAMES,
  valueFault,
} from './settings.ts';

/** Settings by name, and `locked`: the names of those that are fixed for groups below. */
export type PolicyDocument = Readonly<Record<string, unknown>>;
/** The values of settings by name, perhaps of a later release. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** Fields of a document that are no settings. `$schema` is for editors. */
const OTHER_FIELDS = ['locked', '$schema'];

export function valuesOf(document: PolicyDocument): SettingValues {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !OTHER_FIELDS.includes(name)));
}

/** What a stored document locks; a lock in another form locks nothing. */
export function locksOf({ locked }: PolicyDocument): ReadonlySet<string> {
  const names: readonly unknown[] = Array.isArray(locked) ? locked : [];
  return new Set(names.filter((name) => typeof name === 'string'));
}

/** What is wrong with one setting, or with the whole document. */
export interface PolicyFault {
  /** Absent for the whole. */
  readonly setting?: string;
  readonly problem: string;
}

/** All faults of a document that somebody wrote: nothing unknown, nothing of another form, no contradiction. */
export function policyFaults(document: unknown): readonly PolicyFault[] {
  if (!isObject(document)) return [{ problem: 'the policy must be a JSON object of settings' }];
  const length = new TextEncoder().encode(JSON.stringify(document)).length;
  if (length > POLICY_BYTES_MAX)
    return [{ problem: `the policy has ${length} bytes, and ${POLICY_BYTES_MAX} are allowed` }];
  const values = valuesOf(document);
  const faults = Object.entries(values).flatMap(([setting, value]): PolicyFault[] => {
    if (!isSettingName(setting))
      return [{ setting, problem: `is not a setting${didYouMean(setting, SETTING_NAMES)}` }];
    const problem = valueFault(setting, value);
    return problem === undefined ? [] : [{ setting, problem }];
  });
  return [...faults, ...lockFaults(document), ...(faults.length > 0 ? [] : contradictions(values))];
}

function lockFaults(document: Record<string, unknown>): readonly PolicyFault[] {
  const { locked } = document;
  if (locked === undefined) return [];
  if (!Array.isArray(locked)) return [{ setting: 'locked', problem: 'must be a list of names of settings' }];
  return (locked as readonly unknown[]).flatMap((name, at): PolicyFault[] => {
    const entry = (problem: string): PolicyFault[] => [
      { setting: 'locked', problem: `entry ${at + 1} ${problem}` },
    ];
    if (typeof name !== 'string' || !isSettingName(name))
      return entry(`is not a setting${typeof name === 'string' ? didYouMean(name, SETTING_NAMES) : ''}`);
    if (locked.indexOf(name) !== at) return entry('is there twice');
    return Object.hasOwn(document, name) ? [] : entry(`locks ${name}, which this policy does not set`);
  });
}

/** Settings that each may be, and together cannot be carried out. @param values of any levels, all together. */
export function contradictions(values: SettingValues): readonly PolicyFault[] {
  const { settings } = readSettings(values);
  const { fixedDrives, removableDrives, removableExceptions, driveAlgorithms } = settings;
  const isAsked =
    fixedDrives === 'require' ||
    [removableDrives, ...removableExceptions.map(({ rule }) => rule)].includes('encrypt-before-writing');
  const faults: PolicyFault[] = [];
  if (driveAlgorithms.length === 0 && fixedDrives !== 'leave') {
    faults.push({ setting: 'driveAlgorithms', problem: `allows none, and fixedDrives is ${fixedDrives}` });
  } else if (isAsked && !driveAlgorithms.includes(MADE_DRIVE_ALGORITHM)) {
    faults.push({
      setting: 'driveAlgorithms',
      problem: `lacks ${MADE_DRIVE_ALGORITHM}, with which devices encrypt drives, and the policy demands encrypted drives`,
    });
  }
  return faults;
}

/** Settings that ask for something, and that devices are told of and do nothing about yet. */
export function notCarriedOut(values: SettingValues): readonly SettingName[] {
  return NOT_CARRIED_OUT.filter((name) => {
    const value = values[name];
    return value !== undefined && JSON.stringify(value) !== JSON.stringify(POLICY_DEFAULTS[name]);
  });
}

/** What is unknown to this release in a policy: a setting, or a value of a setting that it knows. */
export interface NotKnown {
  readonly setting: string;
  /** `setting`: the default holds for nothing here. `value`: the default holds in its place. */
  readonly what: 'setting' | 'value';
}

export interface ReadSettings {
  readonly settings: PolicySettings;
  readonly notKnown: readonly NotKnown[];
}

/** What this release makes of settings, perhaps of a later release: never a failure. */
export function readSettings(values: SettingValues): ReadSettings {
  const known: Record<string, unknown> = { ...POLICY_DEFAULTS };
  const notKnown: NotKnown[] = [];
  for (const [setting, value] of Object.entries(values)) {
    if (!isSettingName(setting)) notKnown.push({ setting, what: 'setting' });
    else if (valueFault(setting, value) !== undefined) notKnown.push({ setting, what: 'value' });
    else known[setting] = value;
  }
  return { settings: known as unknown as PolicySettings, notKnown };
}

/** `policy-invalid`, with every fault in its details. */
export function policyInvalid(faults: readonly PolicyFault[], nextStep: NextStep): KeystairError {
  const named = faults.slice(0, POLICY_FAULTS_NAMED);
  const more = faults.length - named.length;
  const words = named.map(({ setting, problem }) =>
    setting === undefined ? problem : `${setting} ${problem}`,
  );
  return new KeystairError('policy-invalid', `${words.join('; ')}${more > 0 ? `; and ${more} more` : ''}`, {
    nextStep,
    details: { faults: named },
  });
}
