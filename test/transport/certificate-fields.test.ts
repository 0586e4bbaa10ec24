/** Our walk over a certificate's bytes and OpenSSL's are two readers: where both find a key, it is the same. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { publicKeyOf } from '#transport/certificate-fields.ts';
import { makeMember, openOffice } from './office.ts';

/** Where version, serial, names, dates and key lie; what follows holds no key. */
const FRONT_BYTES = 400;

interface Change {
  readonly at: number;
  readonly taken: number;
  readonly put: Uint8Array;
}

function changed(der: Buffer, changes: readonly Change[]): Buffer {
  let bytes = der;
  for (const { at, taken, put } of changes) {
    bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + taken)]);
  }
  return bytes;
}

function certificateOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** Undefined where OpenSSL cannot read it, and so nobody can prove that he has it. */
function keyOfOpenSsl(certificate: X509Certificate): Buffer | undefined {
  try {
    return certificate.publicKey.export({ type: 'spki', format: 'der' });
  } catch {
    return undefined;
  }
}

test('a certificate with any bytes changed has the key that OpenSSL finds in it, or none', async () => {
  const { credentials } = await makeMember(await openOffice());
  const der = new X509Certificate(credentials.certificatePem).raw;
  const change = fc.record({
    at: fc.nat({ max: Math.min(FRONT_BYTES, der.length) }),
    taken: fc.nat({ max: 4 }),
    put: fc.uint8Array({ maxLength: 4 }),
  });
  let compared = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const certificate = certificateOf(changed(der, changes));
      if (certificate === undefined) return;
      const [ours, theirs] = [publicKeyOf(certificate), keyOfOpenSsl(certificate)];
      if (ours === undefined || theirs === undefined) return;
      compared += 1;
      assert.ok(ours.equals(theirs));
    }),
    { numRuns: 5000 },
  );
  assert.ok(compared > 0, 'some of them could be read');
});
