/**
 * The policy of a group: each setting as it is inherited or set here, and what would change before it does. What somebody
 * else changed meanwhile is not overwritten unseen.
 */
import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { POLICY_SETTINGS, type PolicySetting } from '#protocol/people/policy-choices.ts';
import { call } from '../../api/call.ts';
import { useGroups } from '../../api/groups.ts';
import { Problem } from '../../api/problem.ts';
import { useSeen } from '../../api/seen.ts';
import { useAddressField } from '../../parts/address-field.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { GroupSelect } from '../../parts/group-select.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { RightButton } from '../../parts/right-button.tsx';
import { RightNeeded } from '../../parts/right-needed.tsx';
import { useTimes } from '../../parts/times.ts';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { POLICY } from '../../texts/policy.ts';
import { EffectDialog } from './effect-dialog.tsx';
import { PrimaryPolicy } from './primary-policy.tsx';
import { SettingRow } from './setting-row.tsx';

type Document = Readonly<Record<string, unknown>>;

export function PolicyPage() {
  const texts = useTexts(POLICY);
  const { lacking } = useSession();
  const [asked, setAsked] = useAddressField('group');
  const groups = useGroups().data?.groups ?? [];
  const group = asked === '' ? (groups[0]?.id ?? '') : asked;
  const missing = lacking('showPolicy');
  return (
    <Page
      title={texts.title}
      hint={texts.hint}
      actions={
        <Button component={Link} to="/groups" variant="default">
          {texts.toGroups}
        </Button>
      }
    >
      {missing !== undefined ? (
        <RightNeeded right={missing} />
      ) : (
        <>
          <PrimaryPolicy />
          <GroupSelect label={texts.group} value={group} onChange={setAsked} />
          {group !== '' && <PolicyForm key={group} group={group} />}
        </>
      )}
    </Page>
  );
}

function PolicyForm({ group }: { readonly group: string }) {
  const texts = useTexts(POLICY);
  const times = useTimes();
  const { act, lacking } = useSession();
  const seen = useSeen('showPolicy', group);
  const looking = useWork();
  const setting = useWork();
  // What nobody entered here follows what others change.
  const [entered, setEntered] = useState<Document>({});
  const [effect, setEffect] = useState<PeopleAnswer<'previewPolicy'>>();
  const shown = seen.answer;
  if (seen.error !== null) return <ProblemAlert error={seen.error} onRetry={() => void seen.refetch()} />;
  if (shown === undefined) return <Loader size="sm" />;
  const draft: Document = { ...shown.policy, ...entered };
  const locks = (Array.isArray(draft['locked']) ? draft['locked'] : []) as readonly string[];
  // What is locked above does not count here, and the server takes no policy that says otherwise.
  const above = shown.inherited.filter(({ locked }) => locked).map(({ setting: name }) => [name, undefined]);
  const own: Document = { ...draft, ...Object.fromEntries(above) };
  const policy = withoutNothing({ ...own, locked: locks.filter((name) => own[name] !== undefined) });
  const lock = (name: PolicySetting, isLocked: boolean): void =>
    setEntered({ ...entered, locked: [...locks.filter((one) => one !== name), ...(isLocked ? [name] : [])] });
  const wrong = settingsAtFault(looking.error);
  const unknown = shown.settings.filter(({ known }) => !known).map(({ setting: name }) => name);
  const apply = (): void =>
    setting.run(async () => {
      await seen.orSeeAgain(() =>
        act((options) => call('setPolicy', { id: group, policy }, { ...options, ifMatch: seen.version })),
      );
      await seen.refetch();
      setEntered({});
      setEffect(undefined);
    });
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {texts.number(times.number(shown.number))}
      </Text>
      {unknown.length > 0 && <Alert color="yellow">{texts.unknown(unknown.join(', '))}</Alert>}
      {POLICY_SETTINGS.map((name) => (
        <SettingRow
          key={name}
          setting={name}
          value={draft[name]}
          inherited={shown.inherited.find((one) => one.setting === name)}
          locked={locks.includes(name)}
          fixed={lacking('setPolicy') !== undefined}
          wrong={wrong.has(name)}
          onChange={(value) => setEntered({ ...entered, [name]: value })}
          onLock={(isLocked) => lock(name, isLocked)}
        />
      ))}
      <ApprovalOrProblem error={looking.error} />
      <Group justify="flex-end">
        <RightButton
          call="setPolicy"
          loading={looking.busy}
          onClick={() =>
            looking.run(async () => setEffect(await call('previewPolicy', { id: group, policy })))
          }
        >
          {texts.save}
        </RightButton>
      </Group>
      {effect !== undefined && (
        <EffectDialog effect={effect} work={setting} onApply={apply} onClose={() => setEffect(undefined)} />
      )}
    </Stack>
  );
}

function settingsAtFault(error: unknown): ReadonlySet<string> {
  if (!(error instanceof Problem) || error.code !== 'policy-invalid') return new Set();
  const { faults = [] } = error.details as { readonly faults?: readonly { readonly setting?: string }[] };
  return new Set(faults.flatMap(({ setting }) => setting ?? []));
}

/** Settings that say nothing are inherited; where nothing is locked, nothing says so. */
function withoutNothing(document: Document): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).filter(
      ([name, value]) =>
        value !== undefined && !(name === 'locked' && Array.isArray(value) && value.length === 0),
    ),
  );
}
