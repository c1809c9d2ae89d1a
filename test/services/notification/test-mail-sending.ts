import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Selectable, sql } from 'kysely';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import winston from 'winston';
import type { CustomerContact } from '../../../activities/guest.ts';
import type { MailTemplate } from '../../../activities/notification.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import type { NotificationDatabase } from '../../../services/notification/database.ts';
import type { sendNext } from '../../../services/notification/sending.ts';
import { createSmtpTransport } from '../../../services/notification/smtp-transport.ts';
import { productOf } from '../../stage/gateway-builders.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

const FROM = 'Your shop <shop@example.com>';

export const ada: CustomerContact & { id: string } = {
  id: randomUUID(),
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  isGuest: false,
  claimedBy: null,
};

/** The only link that the user service issues. */
export const LINK = { id: randomUUID(), token: 'pr_secret', expiresAt: '2026-05-03T14:05:00.000Z' };

/** What the user service issues for a guest; the mail's id follows the token. */
export const GUEST_LINK = { token: 'go_secret', expiresAt: '2026-08-01T14:05:00.000Z' };

interface ReceivedMail {
  recipients: string[];
  message: string;
}

type SendingOptions = Parameters<typeof sendNext>[0];

/** Queued mails in a database, one user, and a mail server. */
export interface MailStage {
  readonly database: FreshDatabase<NotificationDatabase>;
  /** The only user; Ada before each test. */
  user: CustomerContact & { id: string };
  /** The mails that the server accepted, emptied before each test. */
  received: ReceivedMail[];
  /** Queues a mail, by default to Ada, and returns its id. */
  queue: (template: MailTemplate, data: object, customerId?: string) => Promise<string>;
  mail: (id: string) => Promise<Selectable<NotificationDatabase['mails']>>;
  /** Makes queued mails due at once. */
  makeDue: () => Promise<unknown>;
  /** Starts a mail server, whose faults `options` sets; returns its URL. It is closed after the test. */
  listen: (options?: SMTPServerOptions, port?: number) => Promise<string>;
  /** Closes the connection of this session without a reply. */
  breakConnection: (sessionId: string) => void;
  /** The options for sending through the mail server at this URL. */
  options: (url: string) => SendingOptions;
}

/** Call this in a `describe`. */
export function mailStage(): MailStage {
  const stage = { user: ada, received: [] as ReceivedMail[] } as MailStage;
  before(async () => {
    Object.assign(stage, { database: await freshDatabase<NotificationDatabase>('notification') });
  });
  beforeEach(async () => {
    stage.user = ada;
    stage.received = [];
    await stage.database.db.deleteFrom('mails').execute();
  });
  after(() => stage.database.drop());
  return Object.assign(stage, queuedMails(stage), mailServer(stage), {
    options: (url: string) => optionsOf(stage, url),
  });
}

const queuedMails = (stage: MailStage): Pick<MailStage, 'queue' | 'mail' | 'makeDue'> => ({
  async queue(template, data, customerId = ada.id) {
    const id = randomUUID();
    const row = { id, template, customer_id: customerId, data: JSON.stringify(data), state: 'queued' as const };
    await stage.database.db
      .insertInto('mails')
      .values({ ...row, recipient: null, subject: null, text: null, error: null, occurred_at: new Date() })
      .execute();
    return id;
  },
  mail: (id) => stage.database.db.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  makeDue: () =>
    stage.database.db
      .updateTable('mails')
      .set({ next_attempt_at: sql`now()` })
      .where('state', '=', 'queued')
      .execute(),
});

function mailServer(stage: MailStage): Pick<MailStage, 'listen' | 'breakConnection'> {
  let server: SMTPServer | undefined;
  afterEach(async () => {
    if (server) await new Promise<void>((resolve) => server!.close(resolve));
    server = undefined;
  });
  return {
    async listen(options = {}, port = 0) {
      server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        onData(stream, session, callback) {
          let message = '';
          stream.on('data', (chunk: Buffer) => (message += chunk.toString()));
          stream.on('end', () => {
            stage.received.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), message });
            callback();
          });
        },
        ...options,
      });
      server.on('error', () => undefined);
      const listening = server.listen(port, '127.0.0.1');
      await once(listening, 'listening');
      return `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
    },
    breakConnection(sessionId) {
      const { connections } = server as unknown as { connections: Set<{ id: string; _socket: { destroy(): void } }> };
      for (const connection of connections) if (connection.id === sessionId) connection._socket.destroy();
    },
  };
}

const optionsOf = (stage: MailStage, url: string): SendingOptions => ({
  db: stage.database.db,
  users: {
    async getContact({ customerId }) {
      if (customerId !== stage.user.id) throw new Refusal('UserNotFound', 'there is no such user');
      return stage.user;
    },
    async issueGuestLink({ guestId, linkId }) {
      if (guestId !== stage.user.id || !stage.user.isGuest) throw new Refusal('LinkNotFound', 'this link is not valid');
      return { token: `${GUEST_LINK.token}_${linkId}`, expiresAt: GUEST_LINK.expiresAt };
    },
    async issueLink({ linkId }) {
      if (linkId !== LINK.id) throw new Refusal('LinkNotFound', 'this link is not valid');
      return { token: LINK.token, expiresAt: LINK.expiresAt };
    },
  },
  products: {
    getProducts: async ({ skus }) => ({
      items: skus.includes('TEA') ? [productOf({ sku: 'TEA', name: 'Oolong' })] : [],
    }),
  },
  transport: createSmtpTransport(url, FROM),
  shopUrl: 'https://shop.example/uk/',
  logger: winston.createLogger({ silent: true }),
});
