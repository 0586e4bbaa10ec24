/** The one spelling of ids. Ids of keys are UUIDv7; what a UUID is of is said where it is used. */
export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
