/**
 * Makes recovery shares. Invariant: the shares are shown once, and the window that shows them closes only when somebody
 * says that every holder has theirs.
 */
import { Alert, Button, Code, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../api/call.ts';
import { ApprovalOrProblem } from '../parts/approval-or-problem.tsx';
import { useWork } from '../parts/use-work.ts';
import { useSession } from '../shell/session.tsx';
import { CUSTODY } from '../texts/custody.ts';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

const FEWEST = 2;
/** More holders than anybody keeps track of. */
const MOST = 32;

export function SharesDialog({ onDone }: { readonly onDone: () => void }) {
  const { seals: texts } = useTexts(CUSTODY);
  const { common } = useTexts(SHELL);
  const { act } = useSession();
  const [count, setCount] = useState(5);
  const [threshold, setThreshold] = useState(3);
  const [made, setMade] = useState<PeopleAnswer<'initRecovery'>>();
  const { busy, error, run } = useWork();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () =>
      setMade(await act((options) => call('initRecovery', { shares: count, threshold }, options))),
    );
  };
  return (
    <Modal
      opened
      onClose={onDone}
      title={texts.sharesTitle}
      size="lg"
      centered
      withCloseButton={made === undefined}
      closeOnClickOutside={made === undefined}
      closeOnEscape={made === undefined}
    >
      {made === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            <Text size="sm">{texts.sharesHint}</Text>
            <Group grow align="end">
              <NumberInput
                label={texts.count}
                min={FEWEST}
                max={MOST}
                value={count}
                onChange={(value) => setCount(Number(value))}
                allowDecimal={false}
                clampBehavior="strict"
              />
              <NumberInput
                label={texts.threshold}
                min={FEWEST}
                max={count}
                value={threshold}
                onChange={(value) => setThreshold(Number(value))}
                allowDecimal={false}
                clampBehavior="strict"
              />
            </Group>
            <ApprovalOrProblem error={error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onDone}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={threshold > count || count < FEWEST}>
                {texts.make}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Alert color="yellow" variant="light">
            {texts.sharesMade(made.threshold, made.shares.length)}
          </Alert>
          {made.shares.map((share, index) => (
            <div key={share}>
              <Text size="sm" fw={600}>
                {texts.share(index + 1)}
              </Text>
              <Code block className="long-text" style={{ whiteSpace: 'pre-wrap' }}>
                {share}
              </Code>
            </div>
          ))}
          <Group justify="flex-end" className="no-print">
            <Button variant="default" onClick={() => globalThis.print()}>
              {texts.print}
            </Button>
            <Button onClick={onDone}>{texts.kept}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
