/** The console's pages by the first part of their path. The server sends the same document for each. */
export const CONSOLE_PAGES = [
  'overview',
  'why',
  'keys',
  'devices',
  'groups',
  'policy',
  'approvals',
  'people',
  'roles',
  'audit',
  'reports',
  'me',
] as const;
export type ConsolePage = (typeof CONSOLE_PAGES)[number];
