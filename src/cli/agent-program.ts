/** The agent as the command line needs it. `main.ts` fits the real one to it. */
import type { KeystairError } from '#domain/errors.ts';

/** Of file keys; the first is used unless one is asked for. */
export const FILE_ALGORITHMS = ['age-mlkem768x25519', 'age-x25519'] as const;
type FileAlgorithm = (typeof FILE_ALGORITHMS)[number];

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface EnrolReport {
  readonly device: Named;
  /** The server the device is with now: the new one, or the one it stays with. */
  readonly server: Named;
  readonly keys: { readonly needed: number; readonly obtained: number; readonly missing: readonly string[] };
  /** Why each that is missing could not be had, in words. */
  readonly missing: readonly { readonly id: string; readonly because: string }[];
  /** It was to change server and did not: the sentence says why and how to bring what is missing. */
  readonly stays: KeystairError | undefined;
}

export interface AgentStatusReport {
  readonly device: Named;
  readonly server: Named;
  readonly addresses: readonly string[];
  /** ISO 8601, or null before the first. */
  readonly lastHeartbeatAt: string | null;
  /** For a person: what else the agent knows, label and text. */
  readonly rows: readonly (readonly [string, string])[];
  readonly warnings: readonly string[];
}

/** Key id and claim as they lie in the header of a file or drive. */
export interface HeldKey {
  readonly id: string;
  readonly claim: string;
}

export interface AgentProgram {
  readonly enrol: (options: {
    readonly state: string;
    readonly invitation: string;
    readonly name: string | undefined;
  }) => Promise<EnrolReport>;
  readonly heartbeat: (options: { readonly state: string }) => Promise<{ readonly server: Named }>;
  /** Until `stop` is aborted. */
  readonly run: (options: { readonly state: string; readonly stop: AbortSignal }) => Promise<void>;
  readonly status: (options: { readonly state: string }) => Promise<AgentStatusReport>;
  /** `-` is standard input or output. */
  readonly encryptFile: (
    options: FileOptions & { readonly algorithm: FileAlgorithm | undefined; readonly newIdentity: boolean },
  ) => Promise<{ readonly key: string }>;
  readonly decryptFile: (options: FileOptions) => Promise<{ readonly key: string }>;
  readonly formatDrive: (options: {
    readonly state: string;
    readonly path: string;
    readonly label: string | undefined;
    readonly erase: boolean;
    /** Heeded until the first write. */
    readonly stop: AbortSignal;
  }) => Promise<{ readonly key: string; readonly uuid: string }>;
  /** Proves that the drive would open. */
  readonly testDrive: (options: {
    readonly state: string;
    readonly path: string;
    readonly stop: AbortSignal;
  }) => Promise<{
    readonly key: string;
    readonly keyslot: number;
    readonly source: string;
    /** Whether both copies of the drive's header are whole and say the same. */
    readonly copiesAgree: boolean;
  }>;
  readonly heldKeyOfFile: (path: string) => Promise<HeldKey>;
  readonly heldKeyOfDrive: (path: string) => Promise<HeldKey>;
}

export interface FileOptions {
  readonly state: string;
  readonly from: string;
  readonly to: string;
  /** Replace what is there. */
  readonly force: boolean;
  readonly stop: AbortSignal;
}
