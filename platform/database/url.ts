import { parse, toClientConfig } from 'pg-connection-string';
import type { ClientConfig } from 'pg';

// `prefer` and `allow` are not among them: both give up encryption without a word.
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

/**
 * How to connect to a postgres:// URL. TLS as libpq has it
 * (https://www.postgresql.org/docs/current/libpq-ssl.html): `sslmode=require` encrypts, `verify-ca` also checks who issued
 * the certificate, `verify-full` also for which host; `sslrootcert`, `sslcert` and `sslkey` are files in PEM.
 * @throws {Error} an unknown mode, or a file that cannot be read; the message is one line without the password
 */
export function clientConfig(url: string): ClientConfig {
  const { searchParams } = new URL(url);
  const mode = searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) throw new Error(`sslmode must be one of ${SSL_MODES.join(', ')}`);
  if (mode === 'verify-ca' && !searchParams.has('sslrootcert')) throw new Error('sslmode=verify-ca needs sslrootcert');
  return toClientConfig(parse(url, searchParams.has('uselibpqcompat') ? {} : { useLibpqCompat: true }));
}
