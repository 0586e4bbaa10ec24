/** Limits of people, their sign-in and their sessions, each with its reason. */

/** People and service accounts together: ten times what an organisation with a million devices has. */
export const PEOPLE_MAX = 10_000;
/** Of its own, besides those that come with the server: a list that one screen shows. */
export const ROLES_MAX = 100;
/** Of one person. */
export const PERSON_ROLES_MAX = 20;
/** To which one role of a person is limited: more sites than anybody looks after. */
export const LIMIT_GROUPS_MAX = 100;
/** A longer name tells nobody more. */
export const ROLE_NAME_LENGTH_MAX = 100;

/** A session that nobody uses ends after this. */
export const SESSION_IDLE_MS = 30 * 60 * 1000;
/** Every session ends after this: a working day with its breaks. */
export const SESSION_MS_MAX = 12 * 60 * 60 * 1000;
/** The last use is written this often at most: a page that asks every second must not cost a flush each. */
export const LAST_SEEN_MS = 60 * 1000;
/** Open sessions of one person; the oldest ends when another begins. */
export const PERSON_SESSIONS_MAX = 20;

/** Between the password and the code, or while a passkey or a provider is asked. */
export const HALF_SIGN_IN_MS = 5 * 60 * 1000;
/** A set-up link: as long as it takes to hand it over. */
export const SET_UP_MS = 60 * 60 * 1000;
/** A browser is remembered as a known one for this long after its last sign-in. */
export const KNOWN_DEVICE_MS = 180 * 24 * 60 * 60 * 1000;

/** Of a session's token, a set-up link's and an API key's secret: 256 bits cannot be guessed. */
export const TOKEN_BYTES = 32;
/** A token in any of its forms, as text. A sealed one carries another inside. */
export const TOKEN_LENGTH_MAX = 2048;
/** A code of an app has six digits, a recovery code 34 characters. */
export const CODE_LENGTH_MAX = 40;
export const RECOVERY_CODES = 10;
/** Of five bits each, in seven groups of four: 140 bits are not guessed even with the root key. */
export const RECOVERY_CODE_LETTERS = 28;

export const API_KEY_LENGTH_MAX = 100;
/** A year and a day: a key is renewed once a year. Without a date it does not end. */
export const API_KEY_MS_MAX = 10 * 366 * 24 * 60 * 60 * 1000;

/** Passkeys of one person: a phone, a laptop, two keys in a drawer, and spares. */
export const PASSKEYS_MAX = 10;
/** COSE's numbers of Ed25519, ES256 and RS256, which all authenticators have one of. */
export const PASSKEY_ALGORITHMS = [-8, -7, -257] as const;

/** Organisations have one provider, or two while they move. */
export const PROVIDERS_MAX = 10;
