/** Nothing that another writes is taken without a bound: every form of every message, and every place that parses JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { JsonBounds } from '#domain/bounded-json.ts';
import { KEY_ANSWER_JSON, PEOPLE_ANSWER_JSON, REQUEST_JSON } from '#domain/json-bounds.ts';
import { ExplainStep } from '#protocol/explain-step.ts';
import * as fields from '#protocol/fields.ts';
import { formed, list, matching, text } from '#protocol/forms.ts';
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import * as messages from '#protocol/messages.ts';
import * as peopleAnswers from '#protocol/people/people-answers.ts';
import { SettingValue, SettingValuesForm } from '#protocol/policy-messages.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import * as passkeyForms from '#protocol/people/passkey-forms.ts';
import * as personForms from '#protocol/people/person-forms.ts';
import { SIGN_IN_ROUTES } from '#protocol/people/sign-in-routes.ts';
import { Problem } from '#protocol/problem.ts';
import { Parameters } from '#protocol/people/routes/approvals.ts';
import * as sealMessages from '#protocol/people/seal-messages.ts';
import * as jobRoutes from '#protocol/people/routes/jobs.ts';
import * as transferRoutes from '#protocol/people/routes/transfers.ts';
import * as toldStep from '#protocol/told-step.ts';
import * as wireKey from '#protocol/wire-key.ts';
import { type Need, needOf, unboundedFaults } from './bounded-forms.ts';
import { readProjectFiles } from './project-files.ts';

/**
 * Public facts of a problem, the parameters of an approved call, and the answer in a line, which is held against its own
 * form: bounded as JSON only.
 */
const CARRIED: ReadonlySet<unknown> = new Set([
  Problem.shape.details,
  // Judged by `isSendable`.
  SettingValuesForm,
  SettingValue,
  Parameters,
  peopleAnswers.PeopleLine.options[1].shape.answer,
  // Files: bytes, and no message.
  transferRoutes.TRANSFER_ROUTES.downloadExport.answer,
  transferRoutes.TRANSFER_ROUTES.downloadBackup.answer,
  jobRoutes.JOB_ROUTES.watchJob.answer,
  jobRoutes.JOB_ROUTES.watchChanges.answer,
  // Held against its own form by whoever asked for it.
  jobRoutes.ShownJob.shape.answer,
]);

function needs(name: string, form: z.core.$ZodType): Need {
  const faults: string[] = [];
  const need = needOf(form, faults, CARRIED, name);
  assert.deepEqual(faults, []);
  return need;
}

function fits(name: string, form: z.core.$ZodType, bounds: JsonBounds): void {
  const { depth, values } = needs(name, form);
  assert.ok(depth <= bounds.depth, `${name} is ${depth} deep, and ${bounds.depth} is taken`);
  assert.ok(values <= bounds.values, `${name} has up to ${values} values, and ${bounds.values} are taken`);
}

test('every message of machines has a bound, and the fullest one fits the bounds that are asked before it is parsed', () => {
  for (const { path, request, answer, bounds, answerBounds } of Object.values(MACHINE_ROUTES)) {
    if (request !== 'json-lines') fits(`the request of ${path}`, request, bounds);
    fits(`the answer of ${path}`, answer, answerBounds);
  }
  fits('a problem', Problem, KEY_ANSWER_JSON);
});

test('every message of people has a bound, and the fullest request fits', () => {
  for (const [name, { request, answer }] of Object.entries({ ...PEOPLE_ROUTES, ...SIGN_IN_ROUTES })) {
    fits(`the request ${name}`, request, REQUEST_JSON);
    const { depth } = needs(`the answer of ${name}`, answer);
    assert.ok(depth <= PEOPLE_ANSWER_JSON.depth, `the answer of ${name} is ${depth} deep`);
  }
});

test('every form that the protocol exports has a bound', () => {
  const modules = {
    ...fields,
    ...messages,
    ...peopleAnswers,
    ...passkeyForms,
    ...personForms,
    ...sealMessages,
    ...transferRoutes,
    ...toldStep,
    ...wireKey,
    ExplainStep,
    Problem,
  };
  const forms = Object.entries(modules).filter(([, value]) => value instanceof z.ZodType);
  assert.ok(forms.length > 50, `only ${forms.length} forms were found`);
  for (const [name, form] of forms) needs(name, form as z.ZodType);
});

test('JSON is parsed in one place, and forms are made and held against in one', async () => {
  const files = await readProjectFiles('src/**/*.ts');
  assert.deepEqual(
    files.flatMap((file) => unboundedFaults(file).map((fault) => `${file.path} ${fault}`)),
    [],
  );
});

test('a form without a bound is found, however deep it lies', () => {
  const bounded = { name: text(10), many: list(text(10), 3), id: matching(/^[0-9a-f]{4}$/, 'must be four') };
  const itself = z.object({
    get below() {
      return list(itself, 3);
    },
  });
  for (const form of [
    z.string(),
    z.string().min(3, { abort: true }),
    z.array(text(10)),
    z.record(text(10), text(10)),
    z.unknown(),
    z.custom(() => true),
    matching(/^[0-9a-f]+$/, 'must be digits'),
    matching(/[0-9a-f]{4}/, 'must hold digits'),
    matching(/^[0-9a-f]{4,}$/, 'must be digits'),
    itself,
  ] as z.ZodType[]) {
    const inside = z.object({ ...bounded, deep: z.union([list(form.nullable(), 3), z.null()]).optional() });
    const faults: string[] = [];
    needOf(inside, faults);
    assert.equal(faults.length, 1, faults.join());
  }
  const faults: string[] = [];
  assert.deepEqual(needOf(z.object(bounded), faults), { depth: 2, values: 7 });
  assert.deepEqual(faults, []);
});

test('a check behind which the checking would go on is found', () => {
  for (const form of [z.string().max(3), z.array(text(3)).max(3), z.int(), text(3).refine(() => true)]) {
    const faults: string[] = [];
    needOf(form, faults);
    assert.ok(faults.length > 0);
  }
});

test('the first fault ends the checking', () => {
  let looks = 0;
  const never = z.custom<string>(() => {
    looks += 1;
    return false;
  });
  const always = text(3).refine(
    () => {
      looks += 1;
      return false;
    },
    { abort: true },
  );
  for (const form of [never, always]) {
    looks = 0;
    const message = z.object({ first: list(z.object({ a: form, b: form }), 1000), second: form });
    const many = Array.from({ length: 1000 }, () => ({ a: 'a', b: 'b' }));
    assert.equal(formed(message, { first: many, second: 'c' }).ok, false);
    assert.equal(looks, 1);
    looks = 0;
    assert.equal(formed(list(form, 10), many).ok, false, 'a list that is too long');
    assert.equal(looks, 0, 'its elements are not looked at');
  }
});

test('a second parser, a form made by hand and a checking to the end are found', () => {
  for (const text of [
    'const a = JSON.parse(b);',
    'const A = z.string().max(3);',
    'const A = z\n  .array(B);',
    'A.safeParse(b);',
  ]) {
    assert.equal(unboundedFaults({ path: 'src/server/a.ts', text }).length, 1, text);
  }
  assert.deepEqual(
    unboundedFaults({ path: 'src/server/a.ts', text: '// JSON.parse\nz.object({ a: text(3) });' }),
    [],
  );
});
