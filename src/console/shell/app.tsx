/** Which of the console's faces is shown: signing in, setting up, a sealed server, or the pages. */
import { Center } from '@mantine/core';
import { lazy } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { useMe } from '../api/me.ts';
import { codeOf } from '../api/problem.ts';
import { Later, Waiting } from '../parts/later.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { SignInPage } from '../sign-in/sign-in-page.tsx';
import { Frame } from './frame.tsx';
import { LostBanner } from './connection.tsx';
import { Signature } from './session.tsx';
import { SignInWindow } from './sign-in-window.tsx';

const CallbackPage = lazy(() =>
  import('../sign-in/callback-page.tsx').then((made) => ({ default: made.CallbackPage })),
);
const SetUpPage = lazy(() =>
  import('../sign-in/set-up-page.tsx').then((made) => ({ default: made.SetUpPage })),
);
const SealedPage = lazy(() =>
  import('../sign-in/sealed-page.tsx').then((made) => ({ default: made.SealedPage })),
);

export function App() {
  const { pathname } = useLocation();
  if (pathname === '/set-up')
    return (
      <Later>
        <SetUpPage />
      </Later>
    );
  if (pathname.startsWith('/sign-in/callback/'))
    return (
      <Later>
        <Routes>
          <Route path="/sign-in/callback/:provider" element={<CallbackPage />} />
        </Routes>
      </Later>
    );
  return (
    <>
      <Known />
      <LostBanner />
    </>
  );
}

function Known() {
  const me = useMe();
  const code = codeOf(me.error);
  if (code === 'server-sealed')
    return (
      <Later>
        <SealedPage />
      </Later>
    );
  if (me.data !== undefined)
    return (
      <Signature me={me.data} window={(asked) => <SignInWindow {...asked} name={me.data.person.name} />}>
        <Frame />
      </Signature>
    );
  if (code === 'not-signed-in') return <SignInPage />;
  if (me.error !== null) return <Failed error={me.error} onRetry={() => void me.refetch()} />;
  return <Waiting />;
}

function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  return (
    <Center mih="60vh" p="md">
      <ProblemAlert error={error} onRetry={onRetry} />
    </Center>
  );
}
