/**
 * What is published about policies holds: the JSON Schema in docs/ is the program's own, names every setting with its
 * values, and the ready policies in examples/ are accepted as they are.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notCarriedOut, type PolicyDocument, policyFaults } from '#domain/policy/policy.ts';
import { POLICY_SCHEMA } from '#domain/policy/schema.ts';
import { POLICY_DEFAULTS, SETTING_NAMES, valueFault } from '#domain/policy/settings.ts';

const ROOT = join(import.meta.dirname, '../../..');
interface Property {
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}
const properties = POLICY_SCHEMA['properties'] as Readonly<Record<string, Property>>;

test('docs/policy.schema.json is what keystair policies schema prints', () => {
  const committed: unknown = JSON.parse(readFileSync(join(ROOT, 'docs/policy.schema.json'), 'utf8'));
  assert.deepEqual(committed, JSON.parse(JSON.stringify(POLICY_SCHEMA)));
});

test('the schema has every setting with its description, and each of its values is accepted and no other', () => {
  assert.deepEqual(Object.keys(properties), ['$schema', ...SETTING_NAMES, 'locked']);
  for (const name of SETTING_NAMES) {
    const { enum: words, minimum, maximum, description } = properties[name]!;
    assert.ok(description !== undefined, name);
    assert.equal(valueFault(name, POLICY_DEFAULTS[name]), undefined, name);
    for (const word of words ?? [])
      assert.equal(valueFault(name, word), undefined, `${name} ${String(word)}`);
    if (words !== undefined) assert.ok(valueFault(name, 'another') !== undefined, name);
    if (minimum === undefined || maximum === undefined) continue;
    for (const value of [minimum, maximum]) assert.equal(valueFault(name, value), undefined, name);
    for (const value of [minimum - 1, maximum + 1]) assert.ok(valueFault(name, value) !== undefined, name);
  }
});

test('every ready policy is accepted as it is, and asks for nothing that no device does', () => {
  const folder = join(ROOT, 'examples/policies');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  assert.equal(files.length, 3);
  for (const name of files) {
    const policy: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    assert.deepEqual(policyFaults(policy), [], name);
    assert.deepEqual(notCarriedOut(policy as PolicyDocument), [], name);
  }
});
