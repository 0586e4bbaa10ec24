/** What the person at the device is told of a removable drive: what became of it, and what to do. */

import { type Notice, notice, step } from '#domain/step.ts';
import type { PluggedDisk } from './plugged-disks.ts';

/** What the agent did with a disk. */
export type Done =
  /** Nothing, as the policy says. */
  | 'left'
  | 'made read-only'
  /** It opens with a key in custody, and may be written. */
  | 'in custody'
  /** Read-only, since it holds no encrypted volume. */
  | 'not encrypted'
  /** Read-only, since the key of its volume is not in custody. */
  | 'not in custody'
  /** Read-only, since its key could not be tried. */
  | 'unproved'
  /** Taken off the machine. */
  | 'shut out'
  /** The policy refuses it; it can only be made read-only. */
  | 'only read-only'
  /** The policy refuses it, and it is in use: cutting it off would lose what is not written yet. */
  | 'in use'
  /** The system did not do what was asked. */
  | 'failed';

export interface Outcome {
  readonly done: Done;
  /** The path of the disk or volume that is the reason. */
  readonly at?: string | undefined;
  /** A sentence. */
  readonly because?: string | undefined;
}

/** Undefined where there is nothing to tell. @param drive how a person knows it. */
export function toldOf({ done, at = '', because = '' }: Outcome, drive: string): Notice | undefined {
  const refused = `${drive} is not allowed on this device`;
  switch (done) {
    case 'left':
    case 'in custody':
      return undefined;
    case 'made read-only':
      return notice(`${drive} is read-only: the policy of this device allows no writing to it`, ASK);
    case 'not encrypted':
      return notice(`${drive} is read-only until it is encrypted`, step('encrypt-plugged', { path: at }));
    case 'not in custody':
      return notice(`${drive} is read-only until its key is in custody`, step('adopt-plugged', { path: at }));
    case 'unproved':
      return notice(
        `${drive} is read-only, since its key could not be tried: ${because}`,
        'plug it in again when this device reaches its server',
      );
    case 'shut out':
      return notice(`${refused} and was switched off`, `pull it out; ${ASK}`);
    case 'only read-only':
      return notice(`${refused} and cannot be switched off, so it is read-only`, `pull it out; ${ASK}`);
    case 'in use':
      return notice(`${refused} and is in use`, `close what is open on it, eject it and pull it out; ${ASK}`);
    case 'failed':
      return notice(
        `${drive} could not be held to the policy of this device: ${because}`,
        'do not write to it: pull it out, and tell your administrator',
      );
  }
}

const ASK = 'your administrator can make an exception for it';

export function nameOf({ model, path }: Pick<PluggedDisk, 'model' | 'path'>): string {
  return model === undefined ? path : `${model} (${path})`;
}
