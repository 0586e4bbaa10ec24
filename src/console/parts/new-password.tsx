/** A password that somebody chooses for a file or a seal: typed twice with what it is worth, or generated. */
import { Box, Button, Code, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { passwordWorth, type PasswordWorth } from '#protocol/people/password-worth.ts';
import { useTexts } from '../texts/language.tsx';
import { PASSWORD } from '../texts/password.ts';
import { generatePassword } from './generate-password.ts';
import { STATE_COLOURS, StateMark } from './state-mark.tsx';

const estimate = () => import('./estimate-guesses.ts');

/** What is to be said of the two fields: what a password is worth, or that they differ. */
type Said = PasswordWorth | 'differ';

const MARKS = { short: 'off', weak: 'bad', differ: 'bad', good: 'good', strong: 'good' } as const;
/** The mark of a state, and what parts it from its words. */
const ROOM_OF_MARK = 18;
const SAID: readonly Said[] = ['short', 'weak', 'differ', 'good', 'strong'];

/** Undefined while nothing is typed, or nothing is known yet. */
function useWorth(password: string): PasswordWorth | undefined {
  const [worth, setWorth] = useState<PasswordWorth>();
  useEffect(() => {
    setWorth(undefined);
    if (password === '') return undefined;
    let wanted = true;
    estimate().then(
      ({ estimateGuesses }) => {
        if (wanted) setWorth(passwordWorth(password, estimateGuesses(password)));
      },
      // Without the file the server still judges.
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [password]);
  return worth;
}

export function NewPassword({
  label,
  onChange,
}: {
  /** Of the first field; the usual word where there is none. */
  readonly label?: string;
  /** Empty while the two differ. `generated` where nobody has thought of it, so nobody remembers it either. */
  readonly onChange: (password: string, generated: boolean) => void;
}) {
  const texts = useTexts(PASSWORD);
  const [password, setPassword] = useState('');
  const [repeated, setRepeated] = useState('');
  const [generated, setGenerated] = useState<string>();
  const worth = useWorth(password);
  const differ = repeated !== '' && repeated !== password;
  const said: Said | undefined = differ && worth !== 'short' && worth !== 'weak' ? 'differ' : worth;
  const wordsFor = (one: Said): string => (one === 'differ' ? texts.differ : texts.worth[one]);
  const both = (first: string, second: string, made: boolean): void => {
    setPassword(first);
    setRepeated(second);
    onChange(first === second ? first : '', made);
  };
  const generate = (): void => {
    const made = generatePassword();
    setGenerated(made);
    both(made, made, true);
  };
  return (
    <Stack gap="xs">
      <PasswordInput
        label={label ?? texts.password}
        value={password}
        onChange={(event) => {
          setGenerated(undefined);
          both(event.currentTarget.value, repeated, false);
        }}
        autoComplete="new-password"
      />
      <PasswordInput
        label={texts.repeat}
        value={repeated}
        onChange={(event) => both(password, event.currentTarget.value, false)}
        error={differ}
        autoComplete="new-password"
      />
      <Group>
        <Button variant="default" size="xs" onClick={generate}>
          {texts.generate}
        </Button>
        <Box flex="1 1 14rem" className="one-place">
          {/* The longest of them keeps its room, unseen: nothing jumps while somebody types. */}
          {SAID.map((one) => (
            <Text key={one} size="xs" ps={ROOM_OF_MARK} data-room-for={wordsFor(one)} aria-hidden />
          ))}
          <Group
            gap={6}
            wrap="nowrap"
            role="status"
            c={said !== undefined && MARKS[said] === 'bad' ? STATE_COLOURS.bad : 'dimmed'}
          >
            {said !== undefined && (
              <>
                <StateMark state={MARKS[said]} />
                <Text size="xs" c="inherit">
                  {wordsFor(said)}
                </Text>
              </>
            )}
          </Group>
        </Box>
      </Group>
      {generated !== undefined && <GeneratedPassword password={generated} />}
    </Stack>
  );
}

/** Shown until somebody has stored it. */
export function GeneratedPassword({ password }: { readonly password: string }) {
  const texts = useTexts(PASSWORD);
  return (
    <div>
      <Code block fz="md" className="long-text" style={{ whiteSpace: 'pre-wrap' }}>
        {password}
      </Code>
      <Text size="xs" c="dimmed" mt={4}>
        {texts.generated}
      </Text>
    </div>
  );
}
