import type { Mail } from './templates/layout.ts';

export interface AddressedMail extends Mail {
  to: { name: string; address: string };
}

/**
 * The result of handing over a mail. `kept`: there is no mail server to hand it to. `refused`: it will never be accepted. `notSent`: nothing was sent, so it may be
 * tried again. `unknown`: the connection broke while the mail was being transmitted.
 */
export type SendResult = { outcome: 'sent' | 'kept' } | { outcome: 'refused' | 'notSent' | 'unknown'; error: string };

/** Hands mails over to a mail server. */
export interface MailTransport {
  send(mail: AddressedMail): Promise<SendResult>;
}

/** Used if no mail server is set: mails only stay in the table, where administrators can read them. */
export const localMailbox: MailTransport = { send: async () => ({ outcome: 'kept' }) };
