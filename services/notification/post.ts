import type { Rendered } from './templates/letter.ts';

export interface Envelope extends Rendered {
  to: { name: string; address: string };
}

/**
 * What became of handing a mail over. `refused`: for good. `notSent`: nothing went out, so it may be tried again.
 * `unknown`: it broke when the mail was under way.
 */
export type Fate = { outcome: 'sent' } | { outcome: 'refused' | 'notSent' | 'unknown'; error: string };

/** Where mails go. */
export interface Post {
  send(mail: Envelope): Promise<Fate>;
}

/** Where no mail server is set: a mail stays in the table that administrators read. */
export const localMailbox: Post = { send: async () => ({ outcome: 'sent' }) };
