import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import type { OrderRequests } from '../../activities/order.ts';
import { Problem } from '../../platform/http/problem.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';

// Proxies close an idle connection after a minute.
const HEARTBEAT_MS = 15_000;
// The lifetime of an access token: the client reconnects with a new one and loses no event.
const MAX_STREAM_MS = 15 * 60 * 1000;
// A client that has not read the rest of its stream after this time does not read at all; its connection is closed.
const READ_REST_MS = 30_000;
const POLL_MS = 5_000;
const PAUSE_MS = 1_000;
// A few tabs on a few devices.
const MAX_STREAMS_PER_CALLER = 20;
// How long a client waits before it reconnects. Clients differ enough that no jitter is needed.
const RETRY_MS = 2_000;

export interface OrderStreamsOptions {
  orders: Pick<OrderRequests, 'followMoves' | 'followStory'>;
  logger: Logger;
  registry: Registry;
}

/** One open stream. `changes` counts the changes of its order, so that none during a read is missed. */
interface Listener {
  changes: number;
  wake: () => void;
  closed: boolean;
}

/**
 * Streams of orders' histories. One long poll to the order service follows all orders at once; a history is read only
 * when its order has changed and has a stream. An idle stream costs a connection and a timer.
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
      help: 'Open streams of order histories',
      registers: [options.registry],
      collect() {
        open.set(count());
      },
    });
  }

  /** Streams the history after this position; undefined if it is complete and has no entries after it. */
  async open({ orderId, callerId, after }: { orderId: string; callerId: string; after: number }) {
    const streams = this.#perCaller.get(callerId) ?? 0;
    if (streams >= MAX_STREAMS_PER_CALLER) {
      throw new Problem(429, 'TooManyStreams', `the limit is ${MAX_STREAMS_PER_CALLER} open streams; close one first`, {
        headers: { 'Retry-After': '10' },
      });
    }
    const { ended, items } = await this.#options.orders.followStory({ orderId, after });
    if (after > 0 && ended && items.length === 0) return undefined;
    const listener: Listener = { changes: 0, wake: () => undefined, closed: false };
    const chunks = this.#read(orderId, after, listener);
    const cutOff = setTimeout(() => stream.destroy(), MAX_STREAM_MS + READ_REST_MS);
    this.#count(callerId, 1);
    this.#listen(orderId, listener);
    // Not Readable.from: when the client disconnects, it would first wait for the next chunk.
    const stream = new Readable({
      highWaterMark: 1024,
      read() {
        chunks.next().then(
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

  /** Closes every stream without an `end` event, so that clients reconnect to another replica. */
  close(): void {
    this.#closing.abort();
    for (const listeners of this.#listeners.values()) for (const listener of listeners) notify(listener);
  }

  /** Reads only as fast as the client does: a slow client buffers no more than one entry here. */
  async *#read(orderId: string, after: number, listener: Listener): AsyncGenerator<string, undefined> {
    yield `retry: ${RETRY_MS}\n\n`;
    const deadline = Date.now() + MAX_STREAM_MS;
    let position = after;
    while (!listener.closed && !this.#closing.signal.aborted && Date.now() < deadline) {
      const { changes } = listener;
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
      while (listener.changes === changes && Date.now() < deadline) {
        if (!(await changed(listener))) yield ': still here\n\n';
      }
    }
  }

  #listen(orderId: string, listener: Listener): void {
    const listeners = this.#listeners.get(orderId) ?? new Set();
    this.#listeners.set(orderId, listeners.add(listener));
    if (!this.#following) void this.#follow();
  }

  #forget(orderId: string, listener: Listener): void {
    listener.closed = true;
    notify(listener);
    const listeners = this.#listeners.get(orderId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(orderId);
  }

  #count(callerId: string, by: 1 | -1): void {
    const streams = (this.#perCaller.get(callerId) ?? 0) + by;
    if (streams > 0) this.#perCaller.set(callerId, streams);
    else this.#perCaller.delete(callerId);
  }

  /** Runs while there are streams. */
  async #follow(): Promise<void> {
    const { orders, logger } = this.#options;
    let after: number | null = null;
    this.#following = true;
    while (this.#listeners.size > 0 && !this.#closing.signal.aborted) {
      try {
        const { orderIds, next, restarted }: Awaited<ReturnType<OrderRequests['followMoves']>> =
          await orders.followMoves({ after, patienceMs: POLL_MS });
        // After a restart changes may have been missed, so every stream reads again.
        for (const orderId of restarted ? [...this.#listeners.keys()] : orderIds) {
          for (const listener of this.#listeners.get(orderId) ?? []) notify(listener);
        }
        after = next;
      } catch (error) {
        logger.warn('order changes not followed, retrying', { error });
        await sleep(PAUSE_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
    this.#following = false;
  }
}

function notify(listener: Listener): void {
  listener.changes += 1;
  listener.wake();
}

/** Whether the order changed before the next heartbeat is due. */
const changed = (listener: Listener): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), HEARTBEAT_MS);
    listener.wake = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
