/** For a server in this process that is opened by its caller: no key file, no token, and nothing to warn of. */
export const NO_SEAL_PLACES = {
  dataDirectory: '/',
  places: () => ({ rootKeyFile: '/proc/self/status', pkcs11: undefined }),
};
