/** What can change on a server while somebody watches it, and who may know that it did. */
import { read, type RequiredRight } from './right.ts';

/** Null: everybody who is signed in. They learn that something changed, never what. */
export const CHANGE_KINDS = {
  keys: read('Key register'),
  hierarchy: read('Hierarchy of Administration Servers'),
  devices: read('Managed devices'),
  settings: read('Administration Server'),
  /** The requester of an approval waits for it too. */
  approvals: null,
  people: read('People'),
  jobs: null,
  audit: read('Audit log'),
} as const satisfies Readonly<Record<string, RequiredRight | null>>;

export type ChangeKind = keyof typeof CHANGE_KINDS;

/** By the first word of an audit event's name. Every change is told to the audit log. */
const KIND_BY_WORD: Readonly<Record<string, ChangeKind>> = {
  device: 'devices',
  group: 'devices',
  policy: 'devices',
  settings: 'settings',
  seal: 'settings',
  data: 'settings',
  backup: 'settings',
  hierarchy: 'hierarchy',
  recovery: 'hierarchy',
  approval: 'approvals',
  emergency: 'approvals',
  person: 'people',
  people: 'people',
  role: 'people',
  session: 'people',
  signed: 'people',
  password: 'people',
};

/** Members are devices and servers. */
const BY_BOTH: ReadonlySet<string> = new Set(['member', 'invitation', 'certificate']);

/** What an event in the audit log changes for those who watch. */
export function kindsChangedBy(event: string): readonly ChangeKind[] {
  const word = event.split('-')[0]!;
  if (BY_BOTH.has(word)) return ['audit', 'devices', 'hierarchy'];
  const kind = KIND_BY_WORD[word];
  return kind === undefined ? ['audit'] : ['audit', kind];
}
