import assert from 'node:assert/strict';
import { Framing, bodyOfAnswer, bodyOfRequest } from '../../../../bench/race/faults/proxies/http-framing.ts';

/** What it found: each message's first line, and `end`. */
function foundIn(chunks: readonly string[], method?: string): string[] {
  const found: string[] = [];
  const framing = new Framing(
    (head) => {
      found.push(head.split('\r\n')[0]!);
      return method === undefined ? bodyOfRequest(head) : bodyOfAnswer(head, method);
    },
    () => found.push('end'),
  );
  for (const chunk of chunks) framing.read(Buffer.from(chunk, 'latin1'));
  framing.close();
  return found;
}

const LENGTH = 'POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc';
const CHUNKED =
  'POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\na\r\n\r\nB\r\n0123456789a\r\n0\r\nT: 1\r\n\r\n';
const NO_BODY = 'GET /c HTTP/1.1\r\nHost: x\r\n\r\n';

describe('the framing of HTTP/1.1 messages', () => {
  it('finds where messages begin and end, wherever the bytes are divided', () => {
    const text = LENGTH + CHUNKED + NO_BODY + LENGTH;
    const expected = ['POST /a HTTP/1.1', 'end', 'POST /b HTTP/1.1', 'end', 'GET /c HTTP/1.1', 'end'];
    for (let size = 1; size <= text.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      assert.deepEqual(foundIn(chunks), [...expected, 'POST /a HTTP/1.1', 'end'], `${size} bytes at a time`);
    }
  });

  it('does not end a message before its last byte', () => {
    for (const text of [LENGTH, CHUNKED]) assert.equal(foundIn([text.slice(0, -1)]).includes('end'), false, text);
  });

  it('expects no body after the statuses 204 and 304, and in the answer to HEAD', () => {
    const answer = (status: number) => `HTTP/1.1 ${status} X\r\nContent-Length: 3\r\n\r\n`;
    assert.deepEqual(foundIn([answer(204)], 'POST'), ['HTTP/1.1 204 X', 'end']);
    assert.deepEqual(foundIn([answer(304)], 'GET'), ['HTTP/1.1 304 X', 'end']);
    assert.deepEqual(foundIn([answer(200)], 'HEAD'), ['HTTP/1.1 200 X', 'end']);
    assert.deepEqual(foundIn([answer(200)], 'GET'), ['HTTP/1.1 200 X']);
  });

  it('takes an answer without a length to last as long as its connection', () => {
    const framing = foundIn(['HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 no head\r\n\r\n'], 'GET');
    assert.deepEqual(framing, ['HTTP/1.0 200 OK', 'end']);
  });
});
