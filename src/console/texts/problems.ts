/**
 * Failures of the server in the languages that it does not speak itself: its own sentences are English, and say more
 * than a code can. Every code has its sentence here, or the console does not compile.
 */
import type { ProblemCode } from '#protocol/problem.ts';
import type { Language } from './catalogue.ts';

type ProblemWords = Readonly<Record<ProblemCode, string>>;

const GERMAN: ProblemWords = {
  'invalid-argument': 'Eine Angabe fehlt oder ist nicht so, wie sie sein muss.',
  'not-available-yet': 'Das gibt es in dieser Version nicht.',
  'not-found': 'Das gibt es hier nicht, oder nicht mehr.',
  'ambiguous-name': 'Mehrere heißen so. Nehmen Sie die Kennung.',
  'already-exists': 'Das gibt es schon.',
  'changed-meanwhile':
    'Jemand anderes hat es inzwischen geändert. Sehen Sie es neu an, und entscheiden Sie noch einmal.',
  'group-in-use':
    'In der Gruppe sind noch Geräte oder Gruppen, oder jemand hat eine Rolle, die auf sie beschränkt ist. Es wurde nichts entfernt.',
  'policy-invalid':
    'Die Richtlinie kann so nicht gelten. Es wurde nichts geändert. Wo es nicht geht, ist markiert.',
  'server-not-running': 'Der Server läuft nicht.',
  'server-unreachable':
    'Ein Server war nicht zu erreichen. Prüfen Sie, ob er läuft, und die Firewalls dazwischen.',
  'not-a-member':
    'Der andere Server kennt diesen nicht, oder hat ihn entfernt. Er braucht eine neue Einladung.',
  'not-allowed': 'Das dürfen Sie nicht.',
  'not-signed-in': 'Ihre Sitzung ist zu Ende. Melden Sie sich an.',
  'sign-in-failed': 'Name, Passwort oder Code stimmt nicht. Nach mehreren falschen müssen Sie warten.',
  'sign-in-stale': 'Dafür müssen Sie sich in den letzten fünf Minuten angemeldet haben.',
  'set-up-link-invalid': 'Dieser Link gilt nicht mehr. Bitten Sie um einen neuen.',
  'last-manager':
    'Danach könnte niemand mehr Personen verwalten. Geben Sie erst jemand anderem dieses Recht.',
  'approval-needed': 'Andere müssen das erst freigeben.',
  'approval-refused': 'Diese Freigabe kann nicht gegeben oder nicht verwendet werden.',
  'certificate-expired': 'Das Zertifikat ist abgelaufen.',
  'untrusted-server': 'Der Server an dieser Adresse ist nicht der erwartete. Nichts wurde gesendet.',
  'invitation-invalid': 'Die Einladung ist unvollständig, verändert oder nicht von diesem Server.',
  'invitation-expired': 'Die Einladung ist abgelaufen. Bitten Sie um eine neue.',
  'invitation-used': 'Die Einladung wurde schon verwendet. Bitten Sie um eine neue.',
  'already-joined': 'Dieser Server hat schon einen übergeordneten.',
  'no-primary': 'Dieser Server hat keinen übergeordneten.',
  'protocol-version':
    'Die beiden Programme sind mehr als eine Version auseinander. Aktualisieren Sie das ältere.',
  'clock-problem': 'Eine Uhr geht falsch, deshalb passen die Daten eines Zertifikats nicht.',
  'key-unavailable':
    'Der Schlüssel war nicht zu bekommen. „Warum öffnet es sich nicht?“ zeigt den ganzen Weg.',
  'record-invalid': 'Ein Datensatz ist beschädigt. Er wurde nicht gespeichert.',
  'record-conflict': 'Ein anderer Datensatz hat dieselbe Kennung. Der bekannte bleibt.',
  'wrong-claim': 'Der Nachweis passt nicht: Die Daten dieses Schlüssels wurden nicht vorgewiesen.',
  'batch-discontinuous':
    'Eine Übertragung schließt nicht an. Der nächste Kontakt findet die richtige Stelle.',
  'batch-incomplete': 'Eine Übertragung kam nicht ganz an. Sie wird noch einmal gesendet.',
  'link-closed':
    'Über diese Verbindung gehen keine Schlüssel: Die Option ist aus, oder sie ist als DMZ gekennzeichnet.',
  'request-too-large': 'Das war zu viel auf einmal.',
  'request-invalid':
    'Der Server versteht die Anfrage nicht. Laden Sie die Seite neu: Sie passt vielleicht nicht zu seiner Version.',
  later: 'Das geht gerade nicht. Versuchen Sie es später noch einmal.',
  'root-key-missing': 'Die Schlüsseldatei, die den Server öffnet, fehlt.',
  'root-key-exposed': 'Andere Benutzer der Maschine können die Schlüsseldatei lesen.',
  'root-key-wrong': 'Damit öffnet sich dieser Server nicht.',
  'server-sealed': 'Der Server ist versiegelt. Jemand muss ihn erst öffnen.',
  'last-seal': 'Ohne dieses Siegel öffnet kein einzelnes mehr den Server. Fügen Sie erst ein anderes hinzu.',
  'pin-wrong': 'Das Token lehnt die PIN ab. Nach wenigen falschen sperrt es sich.',
  'token-unavailable': 'Das Token oder sein Schlüssel ist nicht zu finden.',
  'share-invalid': 'Ein Anteil ist falsch abgeschrieben, doppelt oder aus einem anderen Satz.',
  'shares-missing': 'Es sind zu wenige Anteile. Geben Sie alle zusammen ein.',
  'record-unreadable':
    'Ein Datensatz öffnet sich nicht: Er wurde beschädigt oder verändert. Prüfen Sie den Server.',
  'row-untrusted': 'Eine Zeile wurde an Keystair vorbei verändert. Sie gilt als nicht vorhanden.',
  'audit-broken': 'Das Prüfprotokoll stimmt nicht. Bewahren Sie das Datenverzeichnis als Beweis auf.',
  'data-in-use': 'Ein anderer Prozess verwendet das Datenverzeichnis.',
  'data-newer': 'Eine neuere Version hat diese Daten geschrieben.',
  'data-damaged': 'Die Daten sind beschädigt. Prüfen Sie die Platte.',
  'data-not-writable': 'Dorthin kann nicht geschrieben werden.',
  'data-exposed': 'Andere Benutzer der Maschine könnten dorthin schreiben.',
  'data-moved': 'Das Repository wurde in eine PostgreSQL-Datenbank verschoben.',
  'database-unreachable': 'Die Datenbank dieses Servers antwortet nicht. Es wurde nichts geändert.',
  'database-refused': 'Die Datenbank weist diesen Server ab.',
  'database-unsafe': 'Die Datenbank würde verlieren, was sie bestätigt hat.',
  'database-rolled-back':
    'Der Datenbank fehlt, was sie schon bestätigt hatte. Ein Administrator der Maschine muss entscheiden.',
  'outcome-unknown':
    'Die Datenbank dieses Servers ging während der Änderung verloren. Es ist nicht bekannt, ob sie geschah.',
  'disk-full': 'Die Platte ist voll. Was nicht bestätigt wurde, ist nicht gespeichert.',
  'disk-low': 'Auf der Platte ist zu wenig Platz. Nichts wurde importiert.',
  'sqlite-too-old': 'Diese SQLite-Version kann Daten verlieren.',
  'path-too-long': 'Ein Pfad ist zu lang.',
  'password-weak':
    'Das Passwort schützt die Datei nicht. Nehmen Sie vier oder mehr Wörter, die nichts miteinander zu tun haben.',
  'password-mismatch': 'Die beiden Passwörter sind verschieden.',
  'password-exposed': 'Andere Benutzer der Maschine können die Passwortdatei lesen.',
  'export-unreadable': 'Die Datei öffnet sich nicht: Das Passwort ist falsch, oder die Datei ist beschädigt.',
  'export-invalid': 'Die Datei ist kein Export. Nichts wurde importiert.',
  'export-version': 'Eine neuere Version hat die Datei geschrieben. Aktualisieren Sie diesen Server.',
  'export-conflict': 'Schlüssel der Datei sind hier mit anderem Inhalt bekannt. Nichts wurde importiert.',
  'backup-unreadable':
    'Die Sicherung öffnet sich nicht: Das Passwort ist falsch, oder die Datei wurde verändert.',
  'backup-damaged': 'Das Passwort stimmt, aber die Sicherung ist beschädigt oder abgeschnitten.',
  'backup-invalid': 'Das ist keine Sicherung.',
  'file-exists': 'Diese Datei gibt es schon.',
  'key-request-invalid': 'Die Datei ist keine Anfrage nach einem Schlüssel, oder sie wurde verändert.',
  'answer-invalid':
    'Die Antwort passt nicht: Sie wurde verändert, schon verwendet, oder ist für ein anderes Gerät.',
  'not-enrolled': 'Dieses Gerät gehört zu keinem Server.',
  'device-stays': 'Das Gerät ist nicht umgezogen: Dem neuen Server fehlen noch Schlüssel.',
  'file-not-encrypted': 'Diese Datei hat kein Gerät verschlüsselt.',
  'file-damaged': 'Die Datei ist beschädigt oder unvollständig. Holen Sie sie noch einmal.',
  'drive-holds-data': 'Auf dem Laufwerk sind Daten, oder es wird verwendet.',
  'drive-not-luks': 'Das Laufwerk hat keinen LUKS2-Kopf.',
  'drive-no-token': 'Der Kopf des Laufwerks nennt keinen Schlüssel von Keystair.',
  'drive-altered': 'Der Kopf des Laufwerks passt nicht zum Datensatz des Schlüssels: Er wurde verändert.',
  'drive-does-not-open': 'Der verwahrte Schlüssel öffnet das Laufwerk nicht.',
  'drive-data-missing': 'Hinter dem Kopf des Laufwerks fehlen die Daten.',
  'tool-missing': 'Ein Programm, das gebraucht wird, ist nicht installiert.',
  'tool-failed': 'Ein Programm, das gebraucht wird, ist gescheitert.',
  interrupted: 'Es wurde unterbrochen. Versuchen Sie es noch einmal.',
  internal: 'Der Server ist unerwartet gescheitert. Sein Protokoll sagt mehr.',
};

/** Null: the server's own sentence is in that language already. */
export const PROBLEMS: Readonly<Record<Language, ProblemWords | null>> = { en: null, de: GERMAN };
