/** What a stick calls itself reaches the person's screen as text: never as markup, an option or a command. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { tellPerson } from '#agent/removable/tell-person.ts';
import { path, standIn } from '../drives/images.ts';

test('each session with a bus is told, as its user, in text', async () => {
  const sessions = path('sessions');
  for (const user of ['1000', '1001', '0', 'kari']) mkdirSync(`${sessions}/${user}`, { recursive: true });
  for (const user of ['1000', '0', 'kari']) writeFileSync(`${sessions}/${user}/bus`, '');
  const said = path('said');
  const folders = [
    standIn('setpriv', `printf '%s\\n' "$@" >>'${said}'`),
    standIn('notify-send', 'exit 1'),
    '/usr/bin',
    '/bin',
  ];
  await tellPerson('--icon=<b>stick</b> $(id) & B', { folders, sessions });
  const words = readFileSync(said, 'utf8').trim().split('\n');
  assert.equal(words.filter((word) => word.startsWith('--reuid=')).join(), '--reuid=1000');
  assert.deepEqual(words.slice(-3), ['--', 'Keystair', '--icon=&lt;b&gt;stick&lt;/b&gt; $(id) &amp; B']);
});

test('where nothing can show it, nothing fails', async () => {
  await tellPerson('A', { folders: [path('empty')], sessions: path('none') });
});
