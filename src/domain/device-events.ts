/** What the audit log tells of devices that come and go, and of the groups in which they stand. All by id. */

export type DeviceEvent =
  | { readonly event: 'device-moved'; readonly device: string; readonly to: string; readonly name: string }
  | { readonly event: 'device-arrived'; readonly device: string; readonly name: string }
  | {
      readonly event: 'group-added' | 'group-changed';
      readonly group: string;
      readonly name: string;
      readonly above: string;
      /** As it was before the change. */
      readonly before?: { readonly name: string; readonly above: string };
    }
  | {
      readonly event: 'group-removed';
      readonly group: string;
      readonly name: string;
      /** Where it stood, and where what was left in it stands now. */
      readonly above: string;
    }
  | {
      readonly event: 'device-grouped';
      readonly device: string;
      readonly name: string;
      readonly group: string;
      readonly before: string;
    }
  | {
      readonly event: 'policy-changed';
      readonly group: string;
      readonly name: string;
      readonly policyNumber: number;
      readonly policy: Readonly<Record<string, unknown>>;
      /** The policy that it replaced. */
      readonly before: Readonly<Record<string, unknown>>;
      /** For how many devices something changed. */
      readonly devices: number;
    }
  | {
      readonly event: 'policy-taken';
      readonly primary: string;
      readonly name: string;
      readonly policyNumber: number;
      /** Its number at the primary. */
      readonly theirs: number;
      readonly digest: string;
    }
  /** So many devices stand in the group above, because theirs is being removed; `first` is one of them. */
  | {
      readonly event: 'group-emptied';
      readonly group: string;
      readonly to: string;
      readonly devices: number;
      readonly first: string;
    };
