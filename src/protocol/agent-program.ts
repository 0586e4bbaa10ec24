/** What the command line asks of the agent's program, which it runs in its own process, and what the program reports. */
import type { DriveState } from '#domain/drive-report.ts';
import type { KeystairError } from '#domain/errors.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import type { RecoveryKind } from '#domain/recovery-password.ts';
import type { DriveRule } from '#domain/policy/drive-rule.ts';
import type { Notice } from '#domain/step.ts';
import type { ServerName } from '#domain/server-name.ts';

export interface EnrolReport {
  readonly device: ServerName;
  /** The server the device is with now: the new one, or the one it stays with. */
  readonly server: ServerName;
  readonly keys: { readonly needed: number; readonly obtained: number; readonly missing: readonly string[] };
  /** Why each missing key could not be obtained, in words. */
  readonly missing: readonly { readonly id: string; readonly because: string }[];
  /** It was to change server and did not: the sentence says why, and how to bring what is missing. */
  readonly stays: KeystairError | undefined;
}

export interface AgentStatusReport {
  readonly device: ServerName;
  readonly server: ServerName;
  readonly addresses: readonly string[];
  /** ISO 8601, or null before the first. */
  readonly lastHeartbeatAt: string | null;
  /** Why the last heartbeat failed; null where it succeeded. */
  readonly problem: string | null;
  /** For a person: what else the agent knows, label and text. */
  readonly rows: readonly (readonly [string, string])[];
  readonly warnings: readonly string[];
}

export interface AdoptedDrive {
  readonly key: string;
  readonly uuid: string;
  /** The new one. */
  readonly keyslot: number;
}

export interface RotatedDrive {
  readonly key: string;
  /** The key that opens the drive no more. Its record stays. */
  readonly replaces: string;
}

export interface TestedDrive {
  readonly key: string;
  readonly keyslot: number;
  /** Who had the key. */
  readonly source: string;
  /** Whether both copies of the drive's header are whole and say the same. */
  readonly copiesAgree: boolean;
}

/** One drive of the device, and what is so with it. */
export interface DriveHere {
  readonly path: string;
  /** What the disk says of itself; null where it says nothing. */
  readonly serial: string | null;
  readonly model: string | null;
  /** It can be pulled out. */
  readonly removable: boolean;
  /** Of the LUKS volume; null where there is none. */
  readonly uuid: string | null;
  readonly label: string | null;
  /** What the policy says of it; null where it could not be told. */
  readonly rule: DriveRule | null;
  readonly state: DriveState;
  /** Whether the rule says that its key must be in custody; absent without such a rule. */
  readonly demanded?: boolean;
  /** The key of ours that the drive names; the newest of several. */
  readonly key: string | null;
  /** When that key, as custody gives it back, was last proved to open the drive; ISO 8601. */
  readonly provedAt: string | null;
  /** What happened, and what to do. */
  readonly problem: Notice | null;
}

export interface OpenedDrive extends TestedDrive {
  /** Where the system finds the opened drive. */
  readonly device: string;
}

export interface MadeKeyRequest {
  /** The key that is asked for. */
  readonly key: string;
  /** To compare with whoever answers. */
  readonly code: string;
}

export interface SpokenKeyRequest {
  readonly key: string;
  /** Lines of six blocks, to be read out. */
  readonly blocks: string;
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
  readonly heartbeat: (options: { readonly state: string }) => Promise<{ readonly server: ServerName }>;
  /** Until `stop` is aborted. */
  readonly run: (options: {
    readonly state: string;
    readonly stop: AbortSignal;
    /** What the person at the device is told, with commands as the command line has them. */
    readonly words: (notice: Notice) => string;
  }) => Promise<void>;
  readonly status: (options: { readonly state: string }) => Promise<AgentStatusReport>;
  /** `-` is standard input or output. */
  readonly encryptFile: (
    options: FileOptions & { readonly algorithm?: AgeAlgorithm | undefined; readonly newIdentity?: boolean },
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
  /** Adds a keyslot to an existing volume; its key is in custody before. */
  readonly adoptDrive: (options: {
    readonly state: string;
    readonly path: string;
    /** What opens it now. */
    /** The bytes of a file are tried without a trailing newline first. */
    readonly password: string | Uint8Array;
    /** Makes a LUKS2 volume of a LUKS1 volume first. */
    readonly convert: boolean;
    readonly label: string | undefined;
    readonly stop: AbortSignal;
  }) => Promise<AdoptedDrive>;
  /** Proves that the drive would open. */
  readonly testDrive: (options: {
    readonly state: string;
    readonly path: string;
    readonly stop: AbortSignal;
  }) => Promise<TestedDrive>;
  /** What is so with the drives of this machine. Changes nothing. */
  readonly drives: (options: {
    readonly state: string;
    readonly stop: AbortSignal;
  }) => Promise<readonly DriveHere[]>;
  /** Opens the drive under a name. */
  readonly openDrive: (options: {
    readonly state: string;
    readonly path: string;
    readonly name: string;
    readonly readOnly: boolean;
    readonly stop: AbortSignal;
  }) => Promise<OpenedDrive>;
  readonly closeDrive: (options: { readonly name: string }) => Promise<void>;
  /** Gives a drive a new key; the old keyslot goes once the new one is proved. */
  readonly rotateDrive: (options: {
    readonly state: string;
    readonly path: string;
    readonly stop: AbortSignal;
  }) => Promise<RotatedDrive>;
  /** Asks for the key of a file or drive without a connection: writes the request, and keeps what opens its answer. */
  readonly requestFile: (options: {
    readonly state: string;
    readonly path: string;
    readonly out: string;
    readonly force: boolean;
    /** Of several on a drive; the newest unless given. */
    readonly key: string | undefined;
    readonly stop: AbortSignal;
  }) => Promise<MadeKeyRequest>;
  /** Asks for the key of a drive in blocks that are read out, and keeps what opens the spoken answer. */
  readonly spokenRequest: (options: {
    readonly state: string;
    readonly path: string;
    readonly key: string | undefined;
  }) => Promise<SpokenKeyRequest>;
  /** As `openDriveWithAnswer`, with the blocks that were read out. */
  readonly openDriveWithSpokenAnswer: (options: {
    readonly state: string;
    readonly blocks: string;
    readonly path: string;
    readonly name: string | undefined;
    readonly readOnly: boolean;
    readonly stop: AbortSignal;
  }) => Promise<Omit<TestedDrive, 'source'>>;
  /** Decrypts the file that was asked for. */
  readonly decryptWithAnswer: (
    options: FileOptions & { readonly answer: string },
  ) => Promise<{ readonly key: string }>;
  /** Opens the drive that was asked for under a name, or without one only proves that the answer opens it. */
  readonly openDriveWithAnswer: (options: {
    readonly state: string;
    readonly answer: string;
    readonly path: string;
    readonly name: string | undefined;
    readonly readOnly: boolean;
    readonly stop: AbortSignal;
  }) => Promise<Omit<TestedDrive, 'source'>>;
  /** Takes a recovery password of another system into custody. */
  readonly takeRecovery: (options: {
    readonly state: string;
    readonly kind: RecoveryKind;
    readonly id: string;
    /** The password, as it stood in the file. */
    readonly text: string;
  }) => Promise<{ readonly key: string }>;
  readonly heldKeyOfFile: (path: string) => Promise<HeldKey>;
  readonly heldKeyOfDrive: (path: string) => Promise<HeldKey>;
}

export interface FileOptions {
  readonly state: string;
  readonly from: string;
  readonly to: string;
  /** Replace what is there. */
  readonly force?: boolean;
  readonly stop: AbortSignal;
}
