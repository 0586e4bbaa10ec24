/**
 * The secret of an app that makes one-time codes, as a picture that apps read and as text that people type, and the
 * field for the first code of the app.
 */
import { Code, Text, TextInput } from '@mantine/core';
import { renderSVG } from 'uqr';
import { useTexts } from '../texts/language.tsx';
import { SIGN_IN } from '../texts/sign-in.ts';

export function AppSecret({
  secret,
  otpauthUri,
  code,
  onCode,
}: {
  readonly secret: string;
  readonly otpauthUri: string;
  readonly code: string;
  readonly onCode: (code: string) => void;
}) {
  const { setUp } = useTexts(SIGN_IN);
  return (
    <>
      <Text size="sm">{setUp.scan}</Text>
      <img
        alt=""
        width={200}
        height={200}
        style={{ alignSelf: 'center', background: '#fff', padding: 8, borderRadius: 8 }}
        src={`data:image/svg+xml,${encodeURIComponent(renderSVG(otpauthUri))}`}
      />
      <div>
        <Text size="sm" fw={500} id="secret-label">
          {setUp.secret}
        </Text>
        <Code block aria-labelledby="secret-label" fz="md">
          {secret}
        </Code>
      </div>
      <TextInput
        label={setUp.code}
        value={code}
        onChange={(event) => onCode(event.currentTarget.value)}
        inputMode="numeric"
        autoComplete="one-time-code"
        autoFocus
        required
        withAsterisk={false}
      />
    </>
  );
}
