/** The console's entry: language, look, data and address, around the app. */
import './shell/trusted-types.ts';
import '@mantine/core/styles.css';
import './shell/page.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { setNonce } from 'get-nonce';
import { type ReactNode, StrictMode, useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { codeOf } from './api/problem.ts';
import { App } from './shell/app.tsx';
import { themeIn } from './shell/theme.ts';
import { Speak, useTexts } from './texts/language.tsx';
import { SHELL } from './texts/shell.ts';

/** The server makes one for each page; without it no style is taken. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';
setNonce(nonce);

const client = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: {
      // The server may be on this machine, or on a line that the browser knows nothing of.
      networkMode: 'always',
      retry: (_failures, error) => codeOf(error) === 'unreachable',
      retryDelay: (failures) => Math.min(1000 * 2 ** failures, 10_000),
      refetchOnWindowFocus: true,
      staleTime: 5000,
    },
  },
});

function Dressed({ children }: { readonly children: ReactNode }) {
  const { close } = useTexts(SHELL).common;
  const theme = useMemo(() => themeIn(close), [close]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      {children}
    </MantineProvider>
  );
}

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <Speak>
      <Dressed>
        <QueryClientProvider client={client}>
          <BrowserRouter>
            <App />
          </BrowserRouter>
        </QueryClientProvider>
      </Dressed>
    </Speak>
  </StrictMode>,
);
