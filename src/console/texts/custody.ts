/** What opens a server, under what its records lie, and what is left if its disk is lost: seals, data key, backups. */
import { catalogue } from './catalogue.ts';

export const CUSTODY = catalogue(
  {
    seals: {
      title: 'What opens this server',
      byItself: 'The server is open, and opens by itself when it starts.',
      byPerson: 'The server is open. When it starts again, it waits for somebody to open it.',
      kinds: {
        'key-file': 'Key file',
        passphrase: 'Passphrase',
        pkcs11: 'Token',
        recovery: 'Recovery shares',
      },
      opensByItself: 'opens by itself',
      needsPerson: 'needs a person',
      since: (time: string) => `since ${time}`,
      add: 'Add a seal…',
      addTitle: 'Add a seal',
      kind: 'Kind',
      passphrase: 'Passphrase',
      passphraseHint:
        'Whoever knows it opens the server, and with it every key. Nobody can recover a lost passphrase.',
      keyFileHint:
        'The server writes it to the place that its configuration names. Keep a copy of it away from the database.',
      token: 'Label of the token',
      key: 'Label of the key on it',
      pin: 'PIN of the token',
      pinHint: 'Leave it empty where the configuration names a file that holds it',
      submit: 'Add',
      remove: 'Remove…',
      removeTitle: (kind: string) => `Remove this seal: ${kind}?`,
      removeHint:
        'It no longer opens this server. Older backups and copies of the database still open with it. The last seal stays.',
      removeYes: 'Remove the seal',
      shares: 'Make recovery shares…',
      sharesTitle: 'Recovery shares',
      sharesHint:
        'For the day when nothing else opens the server. Each share goes to one holder; some of them together open it. Shares from before no longer work.',
      count: 'Shares to make',
      threshold: 'Shares needed to open',
      make: 'Make the shares',
      sharesMade: (threshold: number, count: number) =>
        `Any ${threshold} of these ${count} shares open the server. They are shown only here: give one to each holder, on paper.`,
      share: (number: number) => `Share ${number}`,
      print: 'Print',
      kept: 'Each holder has their share',
    },
    dataKey: {
      title: 'Data key',
      current: (number: string) => `Records lie under data key number ${number}.`,
      hint: 'A new one is used at once; the server re-encrypts the older records in the background. Do it when you suspect that somebody had the old one, or once a year.',
      rotate: 'Make a new data key…',
      rotateTitle: 'Make a new data key?',
      rotateHint: (records: string) =>
        `${records} records are re-encrypted under it. The server goes on serving meanwhile.`,
      rotateYes: 'Make a new data key',
      progress: (done: string, of: string) => `Re-encrypted ${done} of ${of} records`,
      unreadable: (count: string) => `${count} records do not open and stay as they are. Verify the server.`,
      waits: (because: string) => `It waits, and goes on by itself: ${because}`,
    },
    backups: {
      title: 'Backups',
      hint: 'The whole server in one file that only a password opens: its keys, its settings and its root key. Keep file and password apart.',
      last: 'Last backup',
      none: 'none yet',
      by: (time: string, person: string, keys: string) => `${time}, by ${person}, with ${keys}`,
      keys: (count: string) => (count === '1' ? '1 key' : `${count} keys`),
      newer: (keys: string) => `Come since: ${keys}.`,
      checked: 'Last trial',
      neverChecked: 'none that this server was told of',
      checkedBy: (time: string, person: string, made: string) =>
        `${time}, by ${person}, of the backup of ${made}`,
      fine: 'Nothing is overdue.',
      overdue: {
        backup:
          'A backup is overdue: the last one is more than a week old, or there is none. If the disk is lost, newer keys exist only on the servers they were sent to.',
        check:
          'A trial is overdue: nobody has opened a backup for three months. Only a trial shows that a backup opens.',
      },
      make: 'Make a backup…',
      makeTitle: 'Make a backup',
      warning:
        'Whoever has the file and this password has every key of the server, and the server itself. Nobody can recover a lost password.',
      submit: 'Make the backup',
      done: 'The browser is saving the file. Then try it: run the command under “Try a backup” where the file is.',
      again: 'Fetch the file again',
      byCommand: 'Make one regularly',
      byCommandHint:
        'On the machine of the server, from a timer. The password is in a file that only the owner reads.',
      try: 'Try a backup',
      tryHint:
        'On any machine with Keystair: it restores the file into a scratch directory, opens every record, and tells this server.',
    },
  },
  {
    seals: {
      title: 'Was diesen Server öffnet',
      byItself: 'Der Server ist offen und öffnet sich beim Start von selbst.',
      byPerson: 'Der Server ist offen. Nach dem nächsten Start wartet er, bis ihn jemand öffnet.',
      kinds: {
        'key-file': 'Schlüsseldatei',
        passphrase: 'Passphrase',
        pkcs11: 'Token',
        recovery: 'Wiederherstellungsanteile',
      },
      opensByItself: 'öffnet von selbst',
      needsPerson: 'braucht eine Person',
      since: (time) => `seit ${time}`,
      add: 'Siegel hinzufügen…',
      addTitle: 'Ein Siegel hinzufügen',
      kind: 'Art',
      passphrase: 'Passphrase',
      passphraseHint:
        'Wer sie kennt, öffnet den Server und damit jeden Schlüssel. Eine verlorene Passphrase kann niemand wiederherstellen.',
      keyFileHint:
        'Der Server schreibt sie an den Ort, den seine Konfiguration nennt. Bewahren Sie eine Kopie getrennt von der Datenbank auf.',
      token: 'Bezeichnung des Tokens',
      key: 'Bezeichnung des Schlüssels darauf',
      pin: 'PIN des Tokens',
      pinHint: 'Leer lassen, wenn die Konfiguration eine Datei nennt, in der sie steht',
      submit: 'Hinzufügen',
      remove: 'Entfernen…',
      removeTitle: (kind) => `Dieses Siegel entfernen: ${kind}?`,
      removeHint:
        'Es öffnet diesen Server nicht mehr. Ältere Sicherungen und Kopien der Datenbank öffnet es weiterhin. Das letzte Siegel bleibt.',
      removeYes: 'Siegel entfernen',
      shares: 'Wiederherstellungsanteile erstellen…',
      sharesTitle: 'Wiederherstellungsanteile',
      sharesHint:
        'Für den Tag, an dem nichts anderes den Server öffnet. Jeder Anteil geht an eine Person; einige zusammen öffnen ihn. Frühere Anteile gelten nicht mehr.',
      count: 'Zu erstellende Anteile',
      threshold: 'Zum Öffnen nötige Anteile',
      make: 'Anteile erstellen',
      sharesMade: (threshold, count) =>
        `Je ${threshold} dieser ${count} Anteile öffnen den Server. Sie werden nur hier gezeigt: Geben Sie jeder Person einen, auf Papier.`,
      share: (number) => `Anteil ${number}`,
      print: 'Drucken',
      kept: 'Jede Person hat ihren Anteil',
    },
    dataKey: {
      title: 'Datenschlüssel',
      current: (number) => `Die Datensätze liegen unter Datenschlüssel Nummer ${number}.`,
      hint: 'Ein neuer gilt sofort; die älteren Datensätze verschlüsselt der Server im Hintergrund neu. Tun Sie es, wenn jemand den alten gehabt haben könnte, oder einmal im Jahr.',
      rotate: 'Neuen Datenschlüssel erstellen…',
      rotateTitle: 'Einen neuen Datenschlüssel erstellen?',
      rotateHint: (records) =>
        `${records} Datensätze werden unter ihm neu verschlüsselt. Der Server arbeitet dabei weiter.`,
      rotateYes: 'Neuen Datenschlüssel erstellen',
      progress: (done, of) => `${done} von ${of} Datensätzen neu verschlüsselt`,
      unreadable: (count) =>
        `${count} Datensätze lassen sich nicht öffnen und bleiben, wie sie sind. Prüfen Sie den Server.`,
      waits: (because) => `Es wartet und geht von selbst weiter: ${because}`,
    },
    backups: {
      title: 'Sicherungen',
      hint: 'Der ganze Server in einer Datei, die nur ein Passwort öffnet: seine Schlüssel, seine Einstellungen und sein Wurzelschlüssel. Bewahren Sie Datei und Passwort getrennt auf.',
      last: 'Letzte Sicherung',
      none: 'noch keine',
      by: (time, person, keys) => `${time}, von ${person}, mit ${keys}`,
      keys: (count) => `${count} Schlüssel`,
      newer: (keys) => `Seitdem dazugekommen: ${keys}.`,
      checked: 'Letzte Probe',
      neverChecked: 'keine, von der dieser Server weiß',
      checkedBy: (time, person, made) => `${time}, von ${person}, der Sicherung vom ${made}`,
      fine: 'Nichts ist überfällig.',
      overdue: {
        backup:
          'Eine Sicherung ist überfällig: Die letzte ist älter als eine Woche, oder es gibt keine. Geht die Platte verloren, sind neuere Schlüssel nur dort, wohin sie aufgestiegen sind.',
        check:
          'Eine Probe ist überfällig: Seit drei Monaten hat niemand eine Sicherung geöffnet. Nur eine Probe zeigt, dass sie sich öffnen lässt.',
      },
      make: 'Sicherung erstellen…',
      makeTitle: 'Eine Sicherung erstellen',
      warning:
        'Wer die Datei und dieses Passwort hat, hat jeden Schlüssel des Servers und den Server selbst. Ein verlorenes Passwort kann niemand wiederherstellen.',
      submit: 'Sicherung erstellen',
      done: 'Der Browser speichert die Datei. Proben Sie sie dann: Führen Sie dort, wo die Datei ist, den Befehl unter „Sicherung proben“ aus.',
      again: 'Datei noch einmal holen',
      byCommand: 'Regelmäßig sichern',
      byCommandHint:
        'Auf der Maschine des Servers, zeitgesteuert. Das Passwort steht in einer Datei, die nur der Besitzer liest.',
      try: 'Sicherung proben',
      tryHint:
        'Auf einer beliebigen Maschine mit Keystair: Der Befehl stellt die Datei in einem Hilfsverzeichnis wieder her, öffnet jeden Datensatz und teilt es diesem Server mit.',
    },
  },
);
