import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Fate, Post } from './post.ts';

// Well below a claim's life in sending.ts, however slowly a server talks.
const LONGEST_MS = 60_000;
// A mail server that says nothing for so long says nothing more.
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/**
 * Hands mails to a mail server, `smtp://user:password@host:port` or `smtps://…`, over a connection for each, in
 * `longestMs` at most. Not nodemailer's own transport, because what counts here is whether the message had begun to
 * leave when it broke.
 */
export const createSmtpPost = (url: string, from: string, longestMs = LONGEST_MS): Post => ({
  async send(mail) {
    const { subject, text, html, to } = mail;
    const composed = new MailComposer({ from, to, subject, text, html }).compile();
    const message = await composed.build();
    // The sender and the recipient as the composer reads them: one place decides what an address is.
    return deliver({ url, longestMs }, { from: composed.getEnvelope().from, to: [to.address] }, message);
  },
});

async function deliver(
  { url, longestMs }: { url: string; longestMs: number },
  envelope: { from: string | false; to: string[] },
  message: Buffer,
): Promise<Fate> {
  const options = parseConnectionUrl(url);
  const connection = new SMTPConnection({ ...options, ...TIMEOUTS });
  let begun = false;
  // Read only when the server has said that it takes the message.
  const body = new Readable({
    read() {
      begun = true;
      this.push(message);
      this.push(null);
    },
  });
  // Where the connection breaks none of what is asked of it need ever be answered.
  const broken = Promise.withResolvers<never>();
  connection.on('error', broken.reject);
  connection.once('end', () => broken.reject(new Error('the mail server closed the connection')));
  const tooLong = setTimeout(() => broken.reject(new Error('the mail server takes too long')), longestMs);
  try {
    await Promise.race([broken.promise, exchange(connection, { credentials: options.auth, envelope, body })]);
    return { outcome: 'sent' };
  } catch (error) {
    return fateOf(error as SMTPConnection.SMTPError, begun);
  } finally {
    clearTimeout(tooLong);
    connection.close();
  }
}

interface Exchange {
  credentials: SMTPConnection.Credentials | undefined;
  envelope: { from: string | false; to: string[] };
  body: Readable;
}

async function exchange(connection: SMTPConnection, { credentials, envelope, body }: Exchange): Promise<void> {
  await answered((done) => connection.connect(done));
  if (credentials) await answered((done) => connection.login({ credentials }, done));
  await answered((done) => connection.send(envelope, body, done));
}

const answered = (ask: (done: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => ask((error) => (error ? reject(error) : resolve())));

/** A reply is an answer, at whatever point it came; without one it counts whether the message had begun to leave. */
function fateOf(error: SMTPConnection.SMTPError, begun: boolean): Fate {
  const words = error.message.slice(0, 1000);
  const { responseCode = 0, code } = error;
  // Of the mail: a server that does not let us in at all is a setting to be mended, and the mail can wait for that.
  const ofMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (ofMail && responseCode >= 500) return { outcome: 'refused', error: words };
  if (responseCode >= 400) return { outcome: 'notSent', error: words };
  return { outcome: begun ? 'unknown' : 'notSent', error: words };
}
