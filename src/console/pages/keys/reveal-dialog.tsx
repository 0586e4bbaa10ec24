/**
 * Shows the material of one key, once, for a minute.
 *
 * Invariant: the material is in the state of this dialog and nowhere else: in no cache, no storage and no address. It
 * goes when the dialog does.
 */
import { Alert, Button, Code, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { call } from '../../api/call.ts';
import { ApprovalOrProblem } from '../../parts/approval-or-problem.tsx';
import { useWork } from '../../parts/use-work.ts';
import { useSession } from '../../shell/session.tsx';
import { KEYS } from '../../texts/keys.ts';
import { useTexts } from '../../texts/language.tsx';
import { SHELL } from '../../texts/shell.ts';
import { grouped, spelled } from './spelling.ts';

const SHOWN_SECONDS = 60;

export function RevealDialog({
  keyShown: key,
  onClose,
}: {
  readonly keyShown: PeopleAnswer<'showKey'>['key'];
  readonly onClose: () => void;
}) {
  const { reveal } = useTexts(KEYS);
  const { common } = useTexts(SHELL);
  const { act } = useSession();
  const [reason, setReason] = useState('');
  const [material, setMaterial] = useState<string>();
  const [left, setLeft] = useState(SHOWN_SECONDS);
  const [spelling, setSpelling] = useState(false);
  const [copied, setCopied] = useState(false);
  const { busy, error, run } = useWork();

  useEffect(() => {
    if (material === undefined) return undefined;
    const timer = setInterval(() => setLeft((seconds) => seconds - 1), 1000);
    return () => clearInterval(timer);
  }, [material]);
  useEffect(() => {
    if (left <= 0) onClose();
  }, [left, onClose]);

  const show = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      const told = await act((options) => call('revealKey', { id: key.id, reason }, options));
      setMaterial(told.material);
    });
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(material ?? '');
    setCopied(true);
    // Only what we put there is taken away again, and only while this page may look.
    setTimeout(() => void forget(material ?? ''), SHOWN_SECONDS * 1000);
  };
  return (
    <Modal opened onClose={onClose} title={reveal.title} size="lg" centered>
      {material === undefined ? (
        <form onSubmit={show}>
          <Stack>
            <Alert color="yellow" variant="light">
              {reveal.warning}
            </Alert>
            <Textarea
              label={reveal.reason}
              description={reveal.reasonHint}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              autosize
              data-autofocus
              required
              withAsterisk={false}
            />
            <ApprovalOrProblem error={error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={reason.trim() === ''}>
                {reveal.show}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          {key.locator.recoveryId !== undefined && (
            <Text size="sm">
              {reveal.recoveryId}: <bdi>{key.locator.recoveryId}</bdi>
            </Text>
          )}
          <Code block fz="xl" data-material style={{ whiteSpace: 'pre-wrap', lineHeight: 1.7 }}>
            {/* The gaps are no characters: what somebody selects and copies is the material. */}
            {grouped(material).map(({ at, text }) => (
              <span key={at} className="group">
                {text}
              </span>
            ))}
          </Code>
          {spelling && (
            <Text size="sm" style={{ columnWidth: '12rem' }} component="div">
              {spelled(material).map(({ at, character, word }) => (
                <div key={at}>
                  <b>{character}</b> {word}
                </div>
              ))}
            </Text>
          )}
          <Group justify="space-between">
            <Text size="sm" c="dimmed" role="timer">
              {reveal.hides(left)}
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={() => setSpelling((now) => !now)} aria-pressed={spelling}>
                {reveal.spell}
              </Button>
              <Button variant="default" onClick={() => void copy()}>
                {copied ? reveal.copied : reveal.copy}
              </Button>
              <Button onClick={onClose}>{reveal.hide}</Button>
            </Group>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

async function forget(material: string): Promise<void> {
  try {
    if ((await navigator.clipboard.readText()) === material) await navigator.clipboard.writeText('');
  } catch {
    // The browser does not let a page look without a new gesture: what the person copied since must stay.
  }
}
