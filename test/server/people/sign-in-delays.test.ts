/** Who guesses must wait, longer each time, and nobody else with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '#domain/errors.ts';
import { addressBlock } from '#server/people/address-block.ts';
import { type Attempt, SignInDelays } from '#server/people/sign-in-delays.ts';
import { Stretcher } from '#server/people/stretcher.ts';

const attempt = (addressBlock: string, device?: string, name = 'anna'): Attempt => ({
  name,
  addressBlock,
  device,
});

function open() {
  const clock = Object.assign(() => clock.now, { now: 1_800_000_000_000 });
  const delays = new SignInDelays(clock);
  const outcome = (check: () => void): string => {
    try {
      check();
      return 'free';
    } catch (error) {
      assert.equal(codeOf(error), 'later');
      return String((error as { details?: { afterSeconds?: unknown } }).details?.afterSeconds);
    }
  };
  return {
    clock,
    delays,
    /** An attempt that fails, or the wait before one. */
    password: (from: Attempt) => outcome(() => delays.takePasswordTurn(from)),
    code: (from: Attempt) => outcome(() => delays.takeCodeTurn(from)),
  };
}

/** The wait before each of so many failures, which is waited for. */
function waitsOf({ password, clock }: ReturnType<typeof open>, from: Attempt, failures: number): string[] {
  return Array.from({ length: failures }, () => {
    const wait = password(from);
    if (wait === 'free') return wait;
    clock.now += Number(wait) * 1000;
    assert.equal(password(from), 'free');
    return wait;
  });
}

test('after some failures the next attempt waits, twice as long each time, up to a quarter of an hour', () => {
  const waits = waitsOf(open(), attempt('198.51.100.1'), 18);
  assert.deepEqual(waits.slice(0, 8), ['free', 'free', 'free', 'free', '1', '2', '4', '8']);
  assert.equal(waits.at(-1), '900');
});

test('attempts that come at once are no more than attempts one after another', () => {
  const { password, code } = open();
  const from = attempt('198.51.100.1');
  const outcomes = Array.from({ length: 50 }, () => password(from));
  assert.equal(outcomes.filter((outcome) => outcome === 'free').length, 4);
  const codes = Array.from({ length: 500 }, (_, at) => code(attempt(`10.0.1.${at}`)));
  assert.equal(codes.filter((outcome) => outcome === 'free').length, 10);
});

test('an attempt that was right, or that nobody looked at, was none', () => {
  const { password, delays } = open();
  const from = attempt('198.51.100.1');
  for (let time = 0; time < 30; time += 1) {
    assert.equal(password(from), 'free');
    delays.returnPasswordTurn(from);
  }
  for (let time = 0; time < 30; time += 1) {
    delays.takeCodeTurn(from);
    delays.succeeded(from, 'code');
  }
});

test('whoever fails at one place delays no other place, however often, and no device of the owner', () => {
  const opened = open();
  const { password } = opened;
  waitsOf(opened, attempt('198.51.100.1'), 25);
  assert.notEqual(password(attempt('198.51.100.1')), 'free');
  assert.equal(password(attempt('203.0.113.9')), 'free');
  assert.equal(password(attempt('198.51.100.1', 'laptop')), 'free', 'a known device at the same address');
  assert.equal(password(attempt('198.51.100.1', undefined, 'berta')), 'free', 'another name');
});

test('at a name that many strangers guess at each has fewer attempts, and the owner keeps theirs', () => {
  const { password } = open();
  for (let stranger = 0; stranger < 30; stranger += 1) password(attempt(`10.0.0.${stranger}`));
  assert.equal(password(attempt('10.0.1.1')), 'free');
  assert.equal(password(attempt('10.0.1.1')), '1');
  for (let time = 0; time < 4; time += 1) assert.equal(password(attempt('10.0.1.1', 'laptop')), 'free');
});

test('wrong codes of strangers are few in an hour for a name, from wherever they come; a known device goes on', () => {
  const { code, clock } = open();
  for (let stranger = 0; stranger < 10; stranger += 1)
    assert.equal(code(attempt(`10.0.0.${stranger}`)), 'free');
  assert.equal(code(attempt('10.0.1.1')), '3600');
  assert.equal(code(attempt('10.0.1.1', 'laptop')), 'free');
  clock.now += 3_600_000;
  assert.equal(code(attempt('10.0.1.1')), 'free');
});

test('a success forgets the failures of its place, and a clock set back frees nobody and holds nobody for ever', () => {
  const opened = open();
  const { delays, password, clock } = opened;
  const from = attempt('198.51.100.1');
  waitsOf(opened, from, 5);
  clock.now -= 60_000;
  assert.equal(password(from), '2');
  clock.now -= 10 * 3_600_000;
  assert.equal(password(from), 'free');
  clock.now += 10 * 3_600_000;
  delays.succeeded(from, 'recovery-code');
  assert.equal(password(from), 'free');
});

test('an IPv6 network is one place, an IPv4 address one', () => {
  const same = [
    '2001:db8:1:2::1',
    '2001:DB8:1:2:ffff:0:0:1',
    '2001:db8:1:2::',
    '2001:0db8:0001:0002::9%eth0',
  ];
  assert.deepEqual(new Set(same.map(addressBlock)), new Set(['2001:db8:1:2::/64']));
  assert.equal(addressBlock('2001:db8::1:2:3:4'), '2001:db8:0:0::/64');
  assert.equal(addressBlock('2001:db8:1::192.0.2.1'), '2001:db8:1:0::/64');
  assert.equal(addressBlock('::1'), '0:0:0:0::/64');
  assert.equal(addressBlock('192.0.2.7'), '192.0.2.7');
});

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
const cheap = () => ({
  memoryKib: 8,
  passes: 1,
  parallelism: 1,
  salt: Buffer.from(random(16)).toString('base64'),
});

test('of many passwords at once two are stretched and a few wait; the others are refused before anything is computed', async () => {
  const stretcher = new Stretcher(random, cheap);
  const tries = Array.from({ length: 100 }, (_, at) => stretcher.stretch('x', undefined, `10.0.0.${at}`));
  const settled = await Promise.allSettled(tries);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 18);
  assert.equal((await stretcher.stretch('x', undefined, '10.0.0.1')).length, 32, 'and then it goes on');
});

test('one address fills no more than its places', async () => {
  const stretcher = new Stretcher(random, cheap);
  const flood = Array.from({ length: 100 }, () => stretcher.stretch('x', undefined, '198.51.100.1'));
  const other = stretcher.stretch('x', undefined, '203.0.113.9');
  assert.equal((await Promise.allSettled(flood)).filter(({ status }) => status === 'fulfilled').length, 4);
  assert.equal((await other).length, 32);
});
