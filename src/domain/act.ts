/** Acts for which a rule may ask the approval of other people. */
export const ACTS = [
  'keys.reveal',
  'keys.export',
  'keys.import',
  'server.seals',
  'hierarchy.remove',
  'people.change',
  'approvals.rules',
] as const;

export type Act = (typeof ACTS)[number];
