/** The events of the audit log about one key: who got it, or was refused. */
import type { LookupReason } from './lookup-reason.ts';

export type KeyEvent =
  /** Material is about to leave: to a device, a secondary, or as one file's key. */
  | {
      readonly event: 'key-provided';
      readonly key: string;
      readonly to: string;
      readonly as: 'key' | 'file-key';
      readonly source: string;
    }
  /** The same key was given to the same member this many more times, within a minute or so of that event. */
  | {
      readonly event: 'provisions-counted';
      readonly key: string;
      readonly to: string;
      readonly as: 'key' | 'file-key';
      readonly count: number;
      readonly since: string;
    }
  /** A lookup brought the key down and was answered; the key could not be kept here. */
  | { readonly event: 'key-not-kept'; readonly key: string; readonly reason: 'disk-full' }
  /** An arriving device learned that the key is here; no material left. */
  | { readonly event: 'key-shown'; readonly key: string; readonly to: string }
  | {
      readonly event: 'lookup-refused';
      readonly key: string;
      readonly to: string;
      readonly reason: LookupReason;
    }
  /** A person, or a script, took recovery passwords of other systems into custody: this many were new. */
  | {
      readonly event: 'recoveries-taken';
      readonly recorded: number;
      readonly known: number;
      readonly first: string;
    }
  | { readonly event: 'key-revealed'; readonly key: string; readonly reason: string }
  /** By a device's word: a drive opens with a new key, and the revealed one is gone from it. */
  | { readonly event: 'key-rotated'; readonly key: string; readonly replacedBy: string }
  /** A request without a connection was answered: material is about to leave, sealed to whoever made the request. */
  | {
      readonly event: 'key-answered';
      readonly key: string;
      readonly request: string;
      /** The device that asked, as the request says: id and name. */
      readonly device: string;
      readonly to: string;
      /** Made for this request; what is compared with the device. */
      readonly code: string;
      readonly as: 'key' | 'file-key';
      readonly source: string;
      readonly reason: string;
    };
