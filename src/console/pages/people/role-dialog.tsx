/**
 * The rights of a role, area by area: chosen for a new one, changed for an own one, shown for one that came with the
 * server.
 *
 * A right that the editor lacks cannot be given, and says so. One that the role has already can be taken away.
 */
import { Button, Checkbox, Group, Modal, Stack, Table, Text, TextInput, Tooltip } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { AREAS } from '#protocol/people/areas.ts';
import type { PeopleAnswer, PeopleRequest } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { useSeen } from '../../api/seen.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { ChangedAlert, isChangedMeanwhile } from '../../parts/changed-alert.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useTimes } from '../../parts/times.ts';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { RIGHT_WORDS } from '../../texts/rights.ts';
import { ROLES } from '../../texts/roles.ts';
import { SHELL } from '../../texts/shell.ts';

export type Role = PeopleAnswer<'listRoles'>['roles'][number];
type Rights = PeopleRequest<'setRole'>['rights'];
type Right = Rights[number];

const KINDS = ['Read', 'Write'] as const;

function sameAs({ area, right }: { readonly area: string; readonly right: string }) {
  return (one: { readonly area: string; readonly right: string }): boolean =>
    one.area === area && one.right === right;
}

export function RoleDialog({
  role,
  holders,
  onDone,
  onClose,
}: {
  /** Undefined for a new one. */
  readonly role: Role | undefined;
  readonly holders: number;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const texts = useTexts(ROLES);
  const { common } = useTexts(SHELL);
  const words = useTexts(RIGHT_WORDS);
  const times = useTimes();
  const { act, lacking } = useSession();
  const [name, setName] = useState(role?.name ?? '');
  const { busy, error, run } = useWork();
  const fixed = role?.builtIn === true || lacking('setRole') !== undefined;
  const seen = useSeen('showRole', fixed ? undefined : role?.name);
  const had = ((seen.answer?.role ?? role)?.rights ?? []) as Rights;
  // Until somebody chooses here, the boxes follow what others change.
  const [entered, setEntered] = useState<Rights>();
  const rights = entered ?? had;
  const toggle = (right: Right): void =>
    setEntered(rights.some(sameAs(right)) ? rights.filter((one) => !sameAs(right)(one)) : [...rights, right]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      await seen.orSeeAgain(() =>
        act((options) =>
          role === undefined
            ? call('addRole', { name, rights }, options)
            : call('setRole', { id: role.name, rights }, { ...options, ifMatch: seen.version }),
        ),
      );
      onDone();
    });
  };
  return (
    <Modal opened onClose={onClose} title={role?.name ?? texts.addTitle} size="lg" centered>
      <form onSubmit={submit}>
        <Stack>
          {role === undefined && (
            <TextInput
              label={texts.name}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              data-autofocus
            />
          )}
          <RightsTable had={had} rights={rights} fixed={fixed} onToggle={toggle} />
          {!fixed && role !== undefined && holders > 0 && (
            <Text size="sm" c="dimmed">
              {texts.affects(times.number(holders))}
            </Text>
          )}
          <ChangedAlert
            error={error}
            now={texts.givesNow(
              had.map(({ area, right }) => `${words.areas[area]}: ${words.rights[right]}`).join(', '),
            )}
            stays="entered"
          />
          {seen.error !== null && <ProblemAlert error={seen.error} onRetry={() => void seen.refetch()} />}
          {!isChangedMeanwhile(error) && <ApprovalOrProblem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {fixed ? common.close : common.cancel}
            </Button>
            {!fixed && (
              <Button
                type="submit"
                loading={busy}
                disabled={name.trim() === '' || rights.length === 0 || !seen.ready}
              >
                {texts.save}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function RightsTable({
  had,
  rights,
  fixed,
  onToggle,
}: {
  readonly had: Role['rights'];
  readonly rights: Rights;
  readonly fixed: boolean;
  readonly onToggle: (right: Right) => void;
}) {
  const texts = useTexts(ROLES);
  const words = useTexts(RIGHT_WORDS);
  const { me } = useSession();
  return (
    <Table verticalSpacing={6} aria-label={texts.rights}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{texts.area}</Table.Th>
          {KINDS.map((kind) => (
            <Table.Th key={kind} ta="center">
              {words.rights[kind]}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {AREAS.map(({ area, rights: there }) => (
          <Table.Tr key={area}>
            <Table.Td>
              <Text size="sm">{words.areas[area]}</Text>
              <Text size="xs" c="dimmed">
                {words.means[area]}
              </Text>
            </Table.Td>
            {KINDS.map((right) => {
              const one = { area, right };
              if (!there.some((kind) => kind === right))
                return (
                  <Table.Td key={right} ta="center" c="dimmed" title={texts.noSuch}>
                    –
                  </Table.Td>
                );
              const held = me.rights.some(sameAs(one)) || had.some(sameAs(one));
              return (
                <Table.Td key={right}>
                  <Tooltip
                    label={texts.lacking}
                    disabled={held || fixed}
                    events={{ hover: true, focus: true, touch: true }}
                  >
                    <Checkbox
                      aria-label={`${words.areas[area]}: ${words.rights[right]}`}
                      aria-description={held || fixed ? undefined : texts.lacking}
                      checked={rights.some(sameAs(one))}
                      disabled={fixed || !held}
                      onChange={() => onToggle(one)}
                      styles={{ root: { display: 'inline-block' } }}
                      style={{ display: 'flex', justifyContent: 'center' }}
                    />
                  </Tooltip>
                </Table.Td>
              );
            })}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
