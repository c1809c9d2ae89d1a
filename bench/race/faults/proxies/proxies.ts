import { Random } from '../../../../tools/random.ts';
import { type Proxy, type Losses, type Serve, openProxy } from './proxy.ts';
import { serveHttp } from './http-proxy.ts';
import { serveHttp2 } from './http2-proxy.ts';
import { serveTcp } from './tcp-proxy.ts';

/** HTTP/1.1, HTTP/2 without TLS, or any bytes, such as PostgreSQL's. */
export type ProxyKind = 'http' | 'http2' | 'tcp';

export interface ProxyPlan {
  name: string;
  kind: ProxyKind;
  /** Where it listens on 127.0.0.1, and the port of the server behind it. */
  port: number;
  target: number;
}

const SERVE: Readonly<Record<ProxyKind, Serve>> = { http: serveHttp, http2: serveHttp2, tcp: serveTcp };
const SEEDS = { least: 0, most: 2 ** 32 - 1 };
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gi;

/**
 * Proxies in front of servers, which lose answers and cut connections. The numbers decide which: each proxy draws from a
 * series of its own, so that what one loses does not depend on the traffic at others.
 */
export class Proxies {
  readonly #random: Random;
  readonly #proxies: Proxy[] = [];
  readonly #touched = new Set<string>();
  readonly counts = { lost: 0, cut: 0 };
  #share = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Ids (UUIDs) in requests whose answer was lost or whose connection was cut, and in the lost answers themselves, such as
   * an answer to a poll. What passes a TCP proxy is unknown.
   */
  get touched(): ReadonlySet<string> {
    return this.#touched;
  }

  /** Resolves when it listens. */
  async open({ kind, ...place }: ProxyPlan): Promise<void> {
    const random = new Random(this.#random.within(SEEDS));
    const losses: Losses = {
      loseNext: () => this.#share > 0 && random.share() < this.#share,
      lost: (bytes) => {
        this.counts.lost += 1;
        this.#touch(bytes);
      },
    };
    this.#proxies.push(await openProxy(place, (sockets) => SERVE[kind](sockets, losses)));
  }

  /**
   * From now on this share of answers is lost after its effect: the request is passed on whole, the answer is read to its
   * end, then the connection (http) or the stream (http2) is destroyed. 0 ends it. Answers to GET requests are never lost,
   * nor is anything at TCP proxies.
   */
  loseAnswers(share: number): void {
    this.#share = share;
  }

  /**
   * Cuts a random connection with a request under way; at a TCP proxy, one that carried bytes in the last 100 ms. A part of
   * the answer may have been passed on. Returns the name of its proxy, or undefined if there was none.
   */
  cut(): string | undefined {
    const busy = this.#proxies.flatMap(({ name, connections }) =>
      [...connections].filter((connection) => connection.busy()).map((connection) => ({ name, connection })),
    );
    if (busy.length === 0) return undefined;
    const { name, connection } = this.#random.oneOf(busy);
    this.#touch(connection.requests());
    connection.destroy();
    this.counts.cut += 1;
    return name;
  }

  /** Cuts all connections and listens no more. */
  async close(): Promise<void> {
    await Promise.all(this.#proxies.splice(0).map((proxy) => proxy.close()));
  }

  #touch(bytes: readonly Buffer[]): void {
    for (const [id] of Buffer.concat(bytes).toString('latin1').matchAll(UUID)) this.#touched.add(id.toLowerCase());
  }
}
