/** Linux's two parts of a device number, as `stat` with big integers gives it (gnu_dev_major and gnu_dev_minor of libc). */
export function deviceParts(device: bigint): { readonly major: bigint; readonly minor: bigint } {
  return {
    major: ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn),
    minor: (device & 0xffn) | ((device >> 12n) & ~0xffn),
  };
}
