import { type Connection, type Losses, type Sockets, pass } from './proxy.ts';
import { Framing, bodyOfAnswer, bodyOfRequest, statusOf } from './http-framing.ts';

interface Exchange {
  method: string;
  /** Whether its answer is read and not passed on. */
  lost: boolean;
}

/** Passes HTTP/1.1 with connections that are kept open. An answer that is lost takes its connection with it. */
export function serveHttp({ client, upstream }: Sockets, losses: Losses): Connection {
  const underWay: Exchange[] = [];
  /** The bytes of the request under way, and of its answer if that will be lost. */
  let kept: Buffer[] = [];
  let interim = false;
  const requests = new Framing(
    (head) => {
      const method = head.slice(0, head.indexOf(' '));
      // Checks whether a process is ready have no effect that could be lost.
      underWay.push({ method, lost: method !== 'GET' && losses.loseNext() });
      return bodyOfRequest(head);
    },
    () => undefined,
  );
  const answered = () => {
    if (interim) return;
    if (underWay.shift()?.lost) {
      losses.lost(kept);
      client.destroy();
    }
    kept = [];
  };
  const answers = new Framing((head) => {
    interim = statusOf(head) < 200;
    return bodyOfAnswer(head, underWay[0]?.method);
  }, answered);

  // No client here sends a request before it has the answer to the one before.
  pass(client, upstream, (bytes) => {
    kept.push(bytes);
    requests.read(bytes);
    return true;
  });
  pass(upstream, client, (bytes) => {
    const isLost = underWay[0]?.lost === true;
    if (isLost) kept.push(bytes);
    answers.read(bytes);
    return !isLost;
  });
  upstream.on('end', () => answers.close());
  return { busy: () => underWay.length > 0, requests: () => kept };
}
