/** Colours, sizes and manners of every part. A state has a colour here, and a word and a shape where it is shown. */
import { createTheme, type MantineColorsTuple } from '@mantine/core';

const stair: MantineColorsTuple = [
  '#e8f1fa',
  '#d3e2f2',
  '#a5c4e4',
  '#74a3d6',
  '#4d87ca',
  '#3476c3',
  '#1c5a99',
  '#174c82',
  '#0f3f6f',
  '#04315b',
];

/** The kit makes the title of a window a header, which is read out as a second header of the page. */
const WINDOW = { header: { role: 'presentation' } } as const;

/** @param close the name of every button that closes what it stands in. */
export const themeIn = (close: string) =>
  createTheme({
    primaryColor: 'stair',
    primaryShade: { light: 6, dark: 6 },
    colors: { stair },
    fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
    fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
    defaultRadius: 'md',
    autoContrast: true,
    cursorType: 'pointer',
    respectReducedMotion: true,
    headings: { fontWeight: '650' },
    components: {
      Modal: { defaultProps: { closeButtonProps: { 'aria-label': close }, attributes: WINDOW } },
      // A constant remark; what has just gone wrong is an alert, and says so itself.
      Alert: { defaultProps: { role: 'note' }, styles: { title: { color: 'var(--mantine-color-text)' } } },
      Drawer: { defaultProps: { closeButtonProps: { 'aria-label': close }, attributes: WINDOW } },
    },
  });
