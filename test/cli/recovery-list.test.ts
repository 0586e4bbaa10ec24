/** Lists of recovery passwords: rows as people and other products write them, and each bad one named by its line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListForm, readRecoveryList } from '#cli/recovery-list.ts';
import { codeOf } from '#domain/errors.ts';

const BITLOCKER = '123453-000011-720885-444444-555555-065538-110000-000000';
const FILEVAULT = 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX';
const ID = '2D1F3A4B-5C6D-7E8F-9A0B-1C2D3E4F5A6B';

function rows(text: string, form: ListForm = 'csv'): object[] {
  const { rows: read, refused } = readRecoveryList(text, form);
  assert.deepEqual(refused, []);
  return read.map(({ recovery }) => recovery);
}

test('a list is read with commas or semicolons, quotes, a byte order mark and any end of line', () => {
  const expected = [
    { kind: 'bitlocker', id: ID, device: 'PC 4, "the old one"', password: BITLOCKER },
    { kind: 'other', serial: 'S-1', device: 'NAS', password: 'a;b,c' },
  ];
  for (const [separator, end] of [
    [',', '\n'],
    [';', '\r\n'],
    ['\t', '\n'],
  ] as const) {
    const line = (...fields: string[]): string => fields.join(separator) + end;
    const text =
      line('Kind', 'Id', 'Serial', 'Device', 'Password') +
      line(
        'BitLocker',
        `{${ID.toLowerCase()}}`,
        '',
        '"PC 4, ""the old one"""',
        BITLOCKER.replaceAll('-', ''),
      ) +
      line('other', '', 'S-1', 'NAS', '"a;b,c"');
    assert.deepEqual(rows(`\ufeff${text}${end}`), expected);
    assert.deepEqual(rows(text.slice(0, -end.length)), expected, 'without an end of line');
  }
});

test('the columns of Fleet and of Crypt-Server are known by their own names', () => {
  assert.deepEqual(
    rows(
      [
        'id,hostname,hardware_serial,platform,encryption_key',
        `1,mac-1,C02,darwin,${FILEVAULT}`,
        `2,pc-2,P2,windows,${BITLOCKER}`,
        '3,lx-3,L3,ubuntu,brave lion',
      ].join('\n'),
      'fleet',
    ),
    [
      { kind: 'filevault', serial: 'C02', device: 'mac-1', password: FILEVAULT },
      { kind: 'bitlocker', serial: 'P2', device: 'pc-2', password: BITLOCKER },
      { kind: 'other', serial: 'L3', device: 'lx-3', password: 'brave lion' },
    ],
  );
  assert.deepEqual(
    rows(
      [
        'serial,username,computername,secret_type,secret,date_escrowed',
        `C02,kari,Karis Mac,recovery_key,${FILEVAULT.toLowerCase()},2024-01-15`,
        'C02,kari,,password,sesame,2024-01-15',
        'C03,ola,Olas Mac,recovery_key,of an older form,2024-01-15',
      ].join('\n'),
      'crypt',
    ),
    [
      { kind: 'filevault', serial: 'C02', device: 'Karis Mac', password: FILEVAULT },
      { kind: 'other', serial: 'C02', device: 'C02', password: 'sesame' },
      { kind: 'other', serial: 'C03', device: 'Olas Mac', password: 'of an older form' },
    ],
  );
});

test('each bad row is named by its line and quoted nowhere, and the good ones are still read', () => {
  const { rows: good, refused } = readRecoveryList(
    [
      'kind,id,device,password',
      `bitlocker,${ID},"PC\n1",${BITLOCKER}`,
      `bitlocker,${ID},PC2,${BITLOCKER.replace('720885', '720886')}`,
      `bitlocker,12,PC3,${BITLOCKER}`,
      '',
      `luks,${ID},PC4,${BITLOCKER}`,
      `bitlocker,${ID},PC5,`,
      'bitlocker,PC6',
      `bitlocker,${ID},,${BITLOCKER}`,
      `bitlocker,${ID},PC7,${BITLOCKER}`,
    ].join('\n'),
    'csv',
  );
  assert.deepEqual(
    good.map(({ line, recovery }) => [line, recovery.device]),
    [[11, 'PC7']],
  );
  assert.deepEqual(
    refused.map(({ line }) => line),
    [2, 4, 5, 7, 8, 9, 10],
  );
  assert.match(refused[1]!.because, /^group 3 /);
  for (const { because } of refused) assert.ok(!/\d{6}/.test(because), because);
});

test('what is no list is refused whole, and says which columns it needs', () => {
  for (const [text, form, says] of [
    ['', 'csv', /empty/],
    ['kind,device\n', 'csv', /no column password$/],
    ['kind,device,password\n', 'fleet', /no column platform$/],
    ['kind,device,password\nother,"NAS,x\n', 'csv', /^line 2: /],
    ['kind,device,password\nother,"NAS"x,y\n', 'csv', /^line 2: /],
  ] as const) {
    assert.throws(
      () => readRecoveryList(text, form),
      (error: Error) => codeOf(error) === 'invalid-argument' && says.test(error.message),
      text,
    );
  }
});
