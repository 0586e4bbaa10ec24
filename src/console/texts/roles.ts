/** Roles: sets of rights under a name, and who has them. */
import { catalogue } from './catalogue.ts';

export const ROLES = catalogue(
  {
    title: 'Roles',
    hint: 'A role gives rights to everybody who has it. Those that came with the server stay as they are; add your own beside them.',
    toPeople: 'People',
    name: 'Name',
    kind: 'Kind',
    builtIn: 'comes with the server',
    own: 'own',
    rights: 'Rights',
    holders: 'Who has it',
    nobody: 'nobody',
    noneYet: 'No roles.',
    add: 'Add a role…',
    addTitle: 'Add a role',
    show: 'Show its rights',
    edit: 'Change its rights',
    remove: 'Remove…',
    removeTitle: (role: string) => `Remove the role ${role}?`,
    removeHint: 'Only a role that nobody has can be removed.',
    removeYes: 'Remove the role',
    area: 'Area',
    save: 'Save',
    affects: (count: string) =>
      count === '1'
        ? 'One person has this role: it changes for them at once.'
        : `${count} people have this role: it changes for them at once.`,
    givesNow: (rights: string) => `It gives now: ${rights || 'nothing'}.`,
    lacking: 'You lack this right, so you cannot give it.',
    noSuch: 'There is no such right.',
    more: (count: string) => `and ${count} more`,
  },
  {
    title: 'Rollen',
    hint: 'Eine Rolle gibt allen Rechte, die sie haben. Die mitgelieferten bleiben, wie sie sind; fügen Sie eigene hinzu.',
    toPeople: 'Personen',
    name: 'Name',
    kind: 'Art',
    builtIn: 'mitgeliefert',
    own: 'eigene',
    rights: 'Rechte',
    holders: 'Wer sie hat',
    nobody: 'niemand',
    noneYet: 'Keine Rollen.',
    add: 'Rolle hinzufügen…',
    addTitle: 'Eine Rolle hinzufügen',
    show: 'Rechte zeigen',
    edit: 'Rechte ändern',
    remove: 'Entfernen…',
    removeTitle: (role) => `Die Rolle ${role} entfernen?`,
    removeHint: 'Nur eine Rolle, die niemand hat, kann entfernt werden.',
    removeYes: 'Rolle entfernen',
    area: 'Bereich',
    save: 'Sichern',
    affects: (count) =>
      count === '1'
        ? 'Eine Person hat diese Rolle: Für sie ändert sie sich sofort.'
        : `${count} Personen haben diese Rolle: Für sie ändert sie sich sofort.`,
    givesNow: (rights) => `Sie gibt jetzt: ${rights || 'nichts'}.`,
    lacking: 'Dieses Recht fehlt Ihnen, deshalb können Sie es nicht geben.',
    noSuch: 'Dieses Recht gibt es nicht.',
    more: (count) => `und ${count} weitere`,
  },
);
