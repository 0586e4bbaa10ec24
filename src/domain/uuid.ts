/** The one spelling of ids. Ids of keys are UUIDv7; each use says what its UUID identifies. */
export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
