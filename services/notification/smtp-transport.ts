import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { storableText } from '../../platform/database/storable-text.ts';
import type { MailTransport, SendResult } from './mail-transport.ts';

// Well below the lifetime of a claim in sending.ts, even if the server keeps responding slowly.
const TIMEOUT_MS = 60_000;
// A mail server that is silent for so long will not respond any more.
const SILENCE_TIMEOUTS_MS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/**
 * Hands mails over to a mail server, `smtp://user:password@host:port` or `smtps://…`, each over its own connection
 * and within `timeoutMs`. Not nodemailer's own transport: that does not report whether the transmission of the message
 * had begun when the connection broke.
 */
export const createSmtpTransport = (url: string, from: string, timeoutMs = TIMEOUT_MS): MailTransport => ({
  async send(mail) {
    const { subject, text, html, to } = mail;
    const composed = new MailComposer({ from, to, subject, text, html }).compile();
    const message = await composed.build();
    // The sender as the composer parses it, so that header and envelope agree.
    return deliver({ url, timeoutMs }, { from: composed.getEnvelope().from, to: [to.address] }, message);
  },
});

async function deliver(
  { url, timeoutMs }: { url: string; timeoutMs: number },
  envelope: { from: string | false; to: string[] },
  message: Buffer,
): Promise<SendResult> {
  const options = parseConnectionUrl(url);
  const connection = new SMTPConnection({ ...options, ...SILENCE_TIMEOUTS_MS });
  let transmissionBegan = false;
  // Read only after the server has accepted the DATA command.
  const body = new Readable({
    read() {
      transmissionBegan = true;
      this.push(message);
      this.push(null);
    },
  });
  // When the connection breaks, pending commands may never call back.
  const broken = Promise.withResolvers<never>();
  connection.on('error', broken.reject);
  connection.once('end', () => broken.reject(new Error('the mail server closed the connection')));
  const timer = setTimeout(
    () => broken.reject(new Error(`the mail server did not finish within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    await Promise.race([broken.promise, exchange(connection, { credentials: options.auth, envelope, body })]);
    return { outcome: 'sent' };
  } catch (error) {
    return resultOf(error as SMTPConnection.SMTPError, transmissionBegan);
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

interface Exchange {
  credentials: SMTPConnection.Credentials | undefined;
  envelope: { from: string | false; to: string[] };
  body: Readable;
}

async function exchange(connection: SMTPConnection, { credentials, envelope, body }: Exchange): Promise<void> {
  await completed((done) => connection.connect(done));
  if (credentials) await completed((done) => connection.login({ credentials }, done));
  await completed((done) => connection.send(envelope, body, done));
}

const completed = (command: (done: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => command((error) => (error ? reject(error) : resolve())));

/** Decided by the server's reply, or without one by whether transmission of the message had begun. */
function resultOf(error: SMTPConnection.SMTPError, transmissionBegan: boolean): SendResult {
  const message = storableText(error.message.slice(0, 1000));
  const { responseCode = 0, code } = error;
  // A server that rejects the sign-in is a matter of settings: the mail can wait until they are corrected.
  const aboutMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (aboutMail && responseCode >= 500) return { outcome: 'refused', error: message };
  if (responseCode >= 400) return { outcome: 'notSent', error: message };
  return { outcome: transmissionBegan ? 'unknown' : 'notSent', error: message };
}
