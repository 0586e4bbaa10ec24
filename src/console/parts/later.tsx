/** What comes when it is first opened, and what is shown until then. */
import { Center, Loader } from '@mantine/core';
import { type ReactNode, Suspense, useEffect, useState } from 'react';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

export function Later({ children }: { readonly children: ReactNode }) {
  return <Suspense fallback={<Waiting />}>{children}</Suspense>;
}

/** Whatever is shorter shows no sign of work: a spinner that flashes makes a page feel slower than it is. */
const LATE_MS = 200;

export function Waiting() {
  return (
    <Center mih="40vh">
      <LateLoader />
    </Center>
  );
}

export function LateLoader({ size = 'md' }: { readonly size?: 'sm' | 'md' }) {
  const texts = useTexts(SHELL);
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  return <Center mih="2.25rem">{late && <Loader size={size} aria-label={texts.common.loading} />}</Center>;
}
