/** What an encryption key opens: a keyslot of a drive, files of a device, or what only a person enters. */
export const KEY_KINDS = ['volume', 'file', 'recovery'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];
