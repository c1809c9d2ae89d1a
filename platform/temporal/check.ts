import http2 from 'node:http2';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { SettingError } from '../config.ts';
import { isUntrusted } from '../tls-errors.ts';
import { type TemporalPlace, connectionOptions } from './place.ts';

const ATTEMPT_MS = 5_000;

// gRPC status codes; at run time only `@temporalio/proto` exports their enumeration.
const PERMISSION_DENIED: number = 7;
const UNAUTHENTICATED: number = 16;

/**
 * Fails if the server refuses this process, or this process the server: a certificate or an API key is wrong, and no
 * retry helps. The SDK reports both as a server that does not respond. A server that really does not respond passes:
 * processes start without one.
 * @throws {SettingError}
 */
export async function checkTemporal(place: TemporalPlace): Promise<void> {
  const responds = !place.tls || (await checkHandshake(place, typeof place.tls === 'object' ? place.tls : {}));
  if (responds && place.apiKey !== undefined) await checkApiKey(place);
}

type TlsOptions = Exclude<TemporalPlace['tls'], boolean | undefined>;

/** Whether the server responds. */
async function checkHandshake({ address }: TemporalPlace, tls: TlsOptions): Promise<boolean> {
  try {
    return await receiveFirstFrame(address, tls);
  } catch (cause) {
    const trouble = describe(cause as NodeJS.ErrnoException);
    if (trouble) throw new SettingError(`setting TEMPORAL_ADDRESS: ${address} ${trouble}`, { cause });
    return false;
  }
}

/**
 * Connects up to the server's first HTTP/2 frame: with TLS 1.3 a server refuses a client certificate after the handshake.
 * False if there is none in time.
 */
async function receiveFirstFrame(address: string, { clientCertPair: pair, ...tls }: TlsOptions): Promise<boolean> {
  const { hostname, port } = new URL(`https://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    // The URL leaves out the default.
    port: Number(port || 443),
    ALPNProtocols: ['h2'],
    ...(tls.serverRootCACertificate && { ca: Buffer.from(tls.serverRootCACertificate) }),
    // An IP address is no server name (RFC 6066, section 3).
    servername: tls.serverNameOverride ?? (isIP(host) ? '' : host),
    ...(pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }),
  });
  const timer = setTimeout(() => socket.destroy(), ATTEMPT_MS);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      let shown = false;
      // Some servers close the connection without an alert, or before it is read.
      socket.once('error', (error) => reject(shown ? new ClosedError(error.message) : error));
      socket.once('secureConnect', () => {
        shown = pair !== undefined;
        const session = http2.connect(`https://${address}`, { createConnection: () => socket });
        session.once('remoteSettings', () => resolve(true));
        session.on('error', () => undefined);
        if (shown) socket.once('end', () => reject(new ClosedError('the connection was closed after the handshake')));
      });
      socket.once('close', () => resolve(false));
    });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** The server closed the connection after it was shown a certificate. */
class ClosedError extends Error {}

/** OpenSSL's name of an alert (RFC 8446, section 6.2). */
const ALERT = /\balert [a-z ]+(?=:)/i;

/** What to change; undefined if the server does not respond. */
function describe(error: NodeJS.ErrnoException): string | undefined {
  const { code = '', message } = error;
  // OpenSSL's errors: their code, or the text of an EPROTO.
  const reason = `${code} ${message}`.toLowerCase();
  const alert = ALERT.exec(message)?.[0];
  if (alert !== undefined || error instanceof ClosedError) {
    return `refuses the TLS handshake (${alert ?? message}): set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH to a certificate that it accepts`;
  }
  if (/wrong_version|wrong version|packet_length|invalid_content/.test(reason)) {
    return 'does not use TLS: unset TEMPORAL_TLS, or set it to false';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `has a certificate for another name: set TEMPORAL_TLS_SERVER_NAME to a name in it (${message})`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `has a certificate that is not valid now (${code})`;
  if (isUntrusted(code)) {
    return `has a certificate that is not trusted (${code}): set TEMPORAL_TLS_SERVER_CA_CERT_PATH to its certificate authority`;
  }
  return code.startsWith('ERR_SSL') ? `fails in the TLS handshake (${code})` : undefined;
}

async function checkApiKey(place: TemporalPlace): Promise<void> {
  try {
    const connection = await Connection.connect({ ...connectionOptions(place), connectTimeout: ATTEMPT_MS });
    await connection.close();
  } catch (error) {
    const { cause } = error as Error;
    if (isGrpcServiceError(cause) && (cause.code === UNAUTHENTICATED || cause.code === PERMISSION_DENIED)) {
      throw new SettingError(`setting TEMPORAL_API_KEY: ${place.address} refuses it (${cause.details})`, { cause });
    }
  }
}
