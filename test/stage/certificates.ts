import { generate } from 'selfsigned';

/** A certificate with its private key, both PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/** A certificate authority. Each certificate it makes is for 127.0.0.1 and localhost, and for servers and clients. */
export interface Authority extends Certificate {
  issue(names?: { dns: string; ip?: string }): Promise<Certificate>;
}

const ELLIPTIC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** A new certificate authority that nobody trusts unless told to. */
export async function createAuthority(commonName = 'Test CA'): Promise<Authority> {
  const root = await generate([{ name: 'commonName', value: commonName }], {
    ...ELLIPTIC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { cert: root.cert, key: root.private };
  return {
    ...ca,
    async issue({ dns, ip } = { dns: 'localhost', ip: '127.0.0.1' }) {
      const issued = await generate([{ name: 'commonName', value: dns }], {
        ...ELLIPTIC,
        ca,
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          {
            name: 'subjectAltName',
            altNames: [{ type: 2, value: dns }, ...(ip === undefined ? [] : [{ type: 7 as const, ip }])],
          },
        ],
      });
      return { cert: issued.cert, key: issued.private };
    },
  };
}
