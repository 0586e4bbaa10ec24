/** Bugs of opening files: too much leaves, or unseen. */
import type { Bug } from './bug.ts';
import { PROVISIONS_NOT_WAITED_FOR } from './not-waited-for.ts';

export const FILE_BUGS: readonly Bug[] = [
  {
    name: 'a device gets the identity of files',
    faults: [{ definition: 'requireForDrive', wrap: () => () => undefined }],
    seed: 2,
  },
  {
    name: 'the key of a file leaves before the audit log knows',
    faults: [{ definition: 'unwrapForDevice', wrap: PROVISIONS_NOT_WAITED_FOR }],
    seed: 1,
  },
  {
    name: 'a file that its key does not open is opened with something',
    faults: [
      {
        definition: 'unwrapFileKey',
        wrap:
          (sound) =>
          async (...given) =>
            (await sound(...given)) ?? new Uint8Array(16),
      },
    ],
    seed: 3,
  },
];
