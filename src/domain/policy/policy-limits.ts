/** The limits of policies, with their units and reasons. */

/** One policy as JSON: fuller than anybody writes by hand, and small beside the bodies that a server accepts. */
export const POLICY_BYTES_MAX = 64 * 1024;
/** The settings of several levels together, as they are sent: no two levels can fill more. As characters of JSON. */
export const SENT_POLICY_BYTES_MAX = 192 * 1024;
/** Nesting in it: the message around it takes three more. */
export const SENT_POLICY_DEPTH_MAX = 4;
/** Values in it: the fullest one of this release has a thousand. */
export const SENT_POLICY_VALUES_MAX = 8000;
/** Removable drives that a policy names: more are a reason for another default. */
export const REMOVABLE_EXCEPTIONS_MAX = 200;
/** A serial number or a model as a drive tells it: SCSI and USB tell less. In characters. */
export const DRIVE_NAME_LENGTH_MAX = 128;
/** Why a drive is an exception: one sentence. In characters. */
export const EXCEPTION_REMARK_LENGTH_MAX = 200;
/** Folders whose files are encrypted: an agent looks through each. */
export const ENCRYPTED_FOLDERS_MAX = 64;
/** A folder's path, in characters. */
export const FOLDER_LENGTH_MAX = 1024;
/** File identities last from a day to a year: shorter ones fill the repository, longer ones open a year of files. */
export const FILE_IDENTITY_DAYS_MAX = 365;
/** A drive's key may serve for ten years before a policy replaces it. */
export const ROTATE_DAYS_MAX = 3650;
/** A killed keyslot is seen within a day. */
export const PROOF_HOURS_MAX = 24;
/** Faults of a policy that are named at once: who has more reads these first. */
export const POLICY_FAULTS_NAMED = 10;
