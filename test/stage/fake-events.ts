import { EventEmitter, once } from 'node:events';
import type { DeadLetter, DeadLetterRequests, ResolveDeadLetter } from '../../platform/contract/event.ts';
import type { Mail, NotificationRequests } from '../../activities/notification.ts';
import type { HistoryItem } from '../../activities/order-status.ts';
import type { HistoryPage } from '../../activities/order-history.ts';
import type { OrderRequests } from '../../activities/order.ts';
import type { Subscribers } from '../../gateway/upstream/service-clients.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

/** Order histories, e-mails, and the dead letters of two subscribers, in memory. */
export class FakeEvents {
  readonly #histories: { orderId: string; item: HistoryPage['items'][number] }[] = [];
  readonly #ended = new Set<string>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly mails: Mail[] = [];
  readonly deadLetters: Record<'notification' | 'recommendation', DeadLetter[]> = {
    notification: [],
    recommendation: [],
  };
  /** Subscribers that are unavailable. */
  readonly down = new Set<string>();
  readonly resolved: ResolveDeadLetter[] = [];

  addHistoryItem(orderId: string, item: HistoryItem): void {
    const position = this.#histories.filter((entry) => entry.orderId === orderId).length + 1;
    this.#histories.push({ orderId, item: { position, ...item } });
    this.#changes.emit('change');
  }

  /** Ends the history with its next item. */
  endHistory(orderId: string): void {
    this.#ended.add(orderId);
  }

  readonly orderHistories: Pick<OrderRequests, 'followMoves' | 'followStory'> = {
    followMoves: async ({ after, patienceMs }) => {
      const now = this.#histories.length;
      if (after === null) return { orderIds: [], next: now, restarted: true };
      if (now === after)
        await once(this.#changes, 'change', { signal: AbortSignal.timeout(patienceMs) }).catch(() => []);
      const moved = this.#histories.slice(after).map(({ orderId }) => orderId);
      return { orderIds: [...new Set(moved)], next: this.#histories.length, restarted: false };
    },
    followStory: async ({ orderId, after }) => {
      const all = this.#histories.filter((entry) => entry.orderId === orderId).map(({ item }) => item);
      // 0 for a position that was never given.
      const position = all.find((item) => item.position === after)?.position ?? 0;
      return {
        items: all.filter((item) => item.position > position),
        more: false,
        ended: this.#ended.has(orderId),
      };
    },
  };

  readonly notifications: NotificationRequests = {
    listMails: async ({ state, orderId, limit }) => {
      const items = this.mails.filter(
        (mail) => (!state || mail.state === state) && (!orderId || mail.orderId === orderId),
      );
      return { items: items.slice(0, limit), next: items.length > limit ? 'c-2' : null };
    },
    resendMail: async ({ mailId, orderId, template, resentBy }) => {
      const found = (mail: Mail) => mail.orderId === orderId && mail.template === template;
      const first = this.mails.findLast(found);
      if (!first) throw new Refusal('MailNotFound', 'there is no such mail');
      const earlier = this.mails.find(({ id }) => id === mailId);
      const mail: Mail = earlier ?? { ...first, id: mailId, state: 'queued', resendOf: first.id, resentBy };
      if (!earlier) this.mails.push(mail);
      return mail;
    },
  };

  readonly subscribers: Subscribers = {
    notification: this.#subscriber('notification'),
    recommendation: this.#subscriber('recommendation'),
  };

  #subscriber(name: keyof FakeEvents['deadLetters']): DeadLetterRequests {
    return {
      listDeadLetters: async ({ after, limit }) => {
        if (this.down.has(name)) throw new ServiceFault(name, 'listDeadLetters', new Error('connection refused'));
        const place = after && (JSON.parse(Buffer.from(after, 'base64url').toString()) as [string, string]);
        const items = this.deadLetters[name]
          .filter((letter) => !place || [letter.receivedAt, letter.eventId].join('') < place.join(''))
          .toSorted((one, other) => (one.receivedAt + one.eventId < other.receivedAt + other.eventId ? 1 : -1));
        return { items: items.slice(0, limit), next: items.length > limit ? 'more' : null };
      },
      resolveDeadLetter: async (request) => {
        if (!this.deadLetters[name].some(({ eventId }) => eventId === request.eventId)) {
          throw new Refusal('DeadLetterNotFound', 'there is no dead letter with this id');
        }
        this.resolved.push(request);
      },
    };
  }
}
