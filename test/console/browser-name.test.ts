/** A person who looks through their sessions reads which browser it was on which machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserName } from '../../src/console/pages/me/browser-name.ts';

const KIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test('browsers are told apart although they name each other', () => {
  const named = {
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`]:
      'Edge 140, Windows',
    [`Mozilla/5.0 (Linux; Android 10; K) ${KIT} Chrome/141.0.0.0 Mobile Safari/537.36`]:
      'Chrome 141, Android',
    'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0': 'Firefox 143, Linux',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1':
      'Safari 26, iPhone',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15':
      'Safari 26, macOS',
  };
  for (const [agent, name] of Object.entries(named)) assert.equal(browserName(agent), name);
});

test('a program that is no browser keeps its own words', () => {
  assert.equal(browserName('keystair/0.1.0'), 'keystair/0.1.0');
  assert.equal(browserName(''), '');
});
