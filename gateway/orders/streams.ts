import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { Gauge, type Registry } from 'prom-client';
import type { OrderRequests } from '../../activities/order.ts';
import { Problem } from '../../platform/http/problem.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';

// Below the minute after which proxies close a connection on which nothing is said.
const HEARTBEAT_MS = 15_000;
// As long as an access token lives: a client comes back with a fresh one and loses nothing.
const LONGEST_MS = 15 * 60 * 1000;
// Whoever has not read the rest by then reads nothing any more, and holds a connection to hold it.
const READ_REST_MS = 30_000;
const POLL_MS = 5_000;
const PAUSE_MS = 1_000;
// A few tabs on a few devices.
const PER_CALLER = 20;
// How long a client waits before it comes back: spread by what else happens to it.
const RETRY_MS = 2_000;

export interface OrderStreamsOptions {
  orders: Pick<OrderRequests, 'followMoves' | 'followStory'>;
  logger: Logger;
  registry: Registry;
}

/** One who watches an order. `heard` counts what was heard of, so that nothing said during a reading is slept through. */
interface Listener {
  heard: number;
  wake: () => void;
  gone: boolean;
}

/**
 * Orders' stories as they happen, to any number of watchers. One question to the order service follows all orders at
 * once; only the story of one that moved and is watched is read. An idle stream costs its connection and a timer.
 */
export class OrderStreams {
  readonly #options: OrderStreamsOptions;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #perCaller = new Map<string, number>();
  readonly #closing = new AbortController();
  #following = false;

  constructor(options: OrderStreamsOptions) {
    this.#options = options;
    const count = () => [...this.#perCaller.values()].reduce((sum, streams) => sum + streams, 0);
    const open: Gauge = new Gauge({
      name: 'order_streams',
      help: 'Open streams of orders',
      registers: [options.registry],
      collect() {
        open.set(count());
      },
    });
  }

  /** The story after this position, and then whatever is added to it; undefined where it is at its end already. */
  async open({ orderId, callerId, after }: { orderId: string; callerId: string; after: number }) {
    const streams = this.#perCaller.get(callerId) ?? 0;
    if (streams >= PER_CALLER) {
      throw new Problem(429, 'TooManyStreams', `no more than ${PER_CALLER} streams at once`, {
        headers: { 'Retry-After': '10' },
      });
    }
    const { ended, items } = await this.#options.orders.followStory({ orderId, after });
    if (after > 0 && ended && items.length === 0) return undefined;
    const listener: Listener = { heard: 0, wake: () => undefined, gone: false };
    const story = this.#story(orderId, after, listener);
    const cutOff = setTimeout(() => stream.destroy(), LONGEST_MS + READ_REST_MS);
    this.#count(callerId, 1);
    this.#listen(orderId, listener);
    // Not Readable.from: that one, when the client goes, waits for the story to say something first.
    const stream = new Readable({
      highWaterMark: 1024,
      read() {
        story.next().then(
          ({ done, value }) => this.push(done ? null : value),
          (error: Error) => this.destroy(error),
        );
      },
      destroy: (error, done) => {
        clearTimeout(cutOff);
        this.#count(callerId, -1);
        this.#forget(orderId, listener);
        done(error);
      },
    });
    return stream;
  }

  /** Ends every stream without a word of the end, so that clients come back, to another replica. */
  close(): void {
    this.#closing.abort();
    for (const listeners of this.#listeners.values()) for (const listener of listeners) hear(listener);
  }

  /** Written as it is read: a client that does not read keeps nothing here but the entry it has not taken. */
  async *#story(orderId: string, after: number, listener: Listener): AsyncGenerator<string, undefined> {
    yield `retry: ${RETRY_MS}\n\n`;
    const deadline = Date.now() + LONGEST_MS;
    let position = after;
    while (!listener.gone && !this.#closing.signal.aborted && Date.now() < deadline) {
      const { heard } = listener;
      const page = await this.#options.orders.followStory({ orderId, after: position });
      for (const { position: at, ...item } of page.items) {
        yield `id: ${at}\nevent: step\ndata: ${JSON.stringify(item)}\n\n`;
        position = at;
      }
      if (page.ended) {
        yield 'event: end\ndata: {}\n\n';
        break;
      }
      if (page.more) continue;
      while (listener.heard === heard && Date.now() < deadline) {
        if (!(await news(listener))) yield ': still here\n\n';
      }
    }
  }

  #listen(orderId: string, listener: Listener): void {
    const listeners = this.#listeners.get(orderId) ?? new Set();
    this.#listeners.set(orderId, listeners.add(listener));
    if (!this.#following) void this.#follow();
  }

  #forget(orderId: string, listener: Listener): void {
    listener.gone = true;
    hear(listener);
    const listeners = this.#listeners.get(orderId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(orderId);
  }

  #count(callerId: string, by: 1 | -1): void {
    const streams = (this.#perCaller.get(callerId) ?? 0) + by;
    if (streams > 0) this.#perCaller.set(callerId, streams);
    else this.#perCaller.delete(callerId);
  }

  /** Runs while anybody watches. */
  async #follow(): Promise<void> {
    const { orders, logger } = this.#options;
    let after: number | null = null;
    this.#following = true;
    while (this.#listeners.size > 0 && !this.#closing.signal.aborted) {
      try {
        const { orderIds, next, restarted }: Awaited<ReturnType<OrderRequests['followMoves']>> =
          await orders.followMoves({ after, patienceMs: POLL_MS });
        // Where moves may have been missed everybody reads anew.
        for (const orderId of restarted ? [...this.#listeners.keys()] : orderIds) {
          for (const listener of this.#listeners.get(orderId) ?? []) hear(listener);
        }
        after = next;
      } catch (error) {
        logger.warn('moves of orders not followed, trying again', { error });
        await sleep(PAUSE_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
    this.#following = false;
  }
}

function hear(listener: Listener): void {
  listener.heard += 1;
  listener.wake();
}

/** Whether there was news before it was time for a heartbeat. */
const news = (listener: Listener): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), HEARTBEAT_MS);
    listener.wake = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
