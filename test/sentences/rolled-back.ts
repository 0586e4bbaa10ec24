/** Why a database is not the one that acknowledged last, or cannot be asked whether it is. */
export const ROLLED_BACK = {
  older: /its timeline is 1, and 2 was seen/,
  another: /is not the one that this server wrote to/,
  emptied: /is empty, and this server wrote to it before/,
  hidden: /a pooler of connections stands before/,
};
