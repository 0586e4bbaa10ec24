/** What the audit log says of approvals: who asked for what, who answered, what was done with it, and by which rules. */

export type ApprovalEvent =
  /** A rule asks for the approval of others, and somebody asked for it. The parameters hold no secret. */
  | {
      readonly event: 'approval-requested';
      readonly approval: string;
      readonly act: string;
      readonly operation: string;
      readonly parameters: Readonly<Record<string, unknown>>;
      readonly reason: string | null;
    }
  /** `person` is null for the owner of the data directory. */
  | {
      readonly event: 'approval-given' | 'approval-denied';
      readonly approval: string;
      readonly act: string;
      readonly person: string | null;
      readonly reason: string | null;
    }
  /** The owner of the data directory approved alone, in the place of those whom the rule asks for. */
  | {
      readonly event: 'approval-emergency';
      readonly approval: string;
      readonly act: string;
      readonly reason: string;
    }
  | {
      readonly event: 'emergency-acknowledged';
      readonly approval: string;
      readonly person: string;
      /** People who still have to. */
      readonly left: number;
    }
  /** Somebody who asked for it or approved it lost the right to, and does not get it back with the right. */
  | { readonly event: 'approval-lapsed'; readonly approval: string; readonly act: string }
  | { readonly event: 'approval-withdrawn'; readonly approval: string; readonly act: string }
  /** The act is about to be done. */
  | {
      readonly event: 'approval-used';
      readonly approval: string;
      readonly act: string;
      readonly approvedBy: readonly string[];
      readonly emergency: boolean;
    }
  | {
      readonly event: 'approval-rule-changed';
      readonly act: string;
      readonly approvers: number;
      readonly before: number;
    };
