import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { orderBody } from '../stage/gateway-builders.ts';

/** Valid credentials, so that an attack fails for its own reason and not because of a missing token. */
export interface Pass {
  token: string;
  key: string;
}

const HOST = 'Host: shop.example\r\n';
const TYPE = 'Content-Type: application/json\r\n';
const CLOSE = 'Connection: close\r\n';
const json = JSON.stringify(orderBody());
const replaced = (piece: string, replacement: string): string => json.replace(piece, replacement);
const bytes = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
const inside = (text: string | Buffer): Buffer =>
  bytes(json.slice(0, json.indexOf('1 High St')), text, json.slice(json.indexOf('1 High St')));
const long = (body: string | Buffer): string => `Content-Length: ${Buffer.byteLength(body)}\r\n`;

// Thirty times the limit of an order, from a few kilobytes.
const inflated = Buffer.alloc(16 * 1024 * 1024, ' ');
const GZIP_BOMB = gzipSync(inflated);
const BROTLI_BOMB = brotliCompressSync(inflated, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

/** Raw requests, by description. */
type Attacks = Record<string, Buffer>;

/** Raw requests that the gateway must refuse. */
export function attacks(pass: Pass): Attacks {
  const requests = requestsWith(pass);
  return {
    ...framingAttacks(requests),
    ...headerAttacks(requests),
    ...protocolAttacks(requests),
    ...targetAttacks(requests),
    ...bodyAttacks(requests),
  };
}

type Requests = ReturnType<typeof requestsWith>;

/** Builders of requests with these credentials. */
function requestsWith({ token, key }: Pass) {
  const pass = `${HOST}Authorization: Bearer ${token}\r\nIdempotency-Key: ${key}\r\n`;
  /** A POST of an order with these headers and this body. */
  const post = (headers: string, body: string | Buffer = json) =>
    bytes('POST /v1/orders HTTP/1.1\r\n', pass, headers, '\r\n', body);
  /** A POST of this body with correct framing. */
  const body = (content: string | Buffer, headers = TYPE) => {
    const sent = typeof content === 'string' ? Buffer.from(content) : content;
    return post(`${headers}${CLOSE}${long(sent)}`, sent);
  };
  const chunked = (content: string) => post(`${TYPE}${CLOSE}Transfer-Encoding: chunked\r\n`, content);
  const get = (target: string, headers = '') =>
    bytes(`GET ${target} HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n${HOST}${CLOSE}${headers}\r\n`);
  const start = (text: string) => bytes(text, HOST, CLOSE, '\r\n');
  return { token, pass, post, body, chunked, get, start };
}

/** Invalid message framing. */
function framingAttacks({ post, chunked, get }: Requests): Attacks {
  return {
    'Content-Length and chunks': post(
      `${TYPE}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`,
      '0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n',
    ),
    'chunks and Content-Length': post(`${TYPE}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, '0\r\n\r\n'),
    'chunked followed by identity': post(`${TYPE}Transfer-Encoding: chunked, identity\r\n`, '0\r\n\r\n'),
    'an unknown transfer coding': post(`${TYPE}Transfer-Encoding: xchunked\r\n`, '0\r\n\r\n'),
    'chunks with a space before the colon': post(`${TYPE}Transfer-Encoding : chunked\r\n`, '0\r\n\r\n'),
    'two Content-Lengths': post(`${TYPE}Content-Length: 4\r\nContent-Length: 5\r\n`, 'abcde'),
    'the same Content-Length twice': post(`${TYPE}${long(json)}${long(json)}`),
    'two lengths in one Content-Length': post(`${TYPE}Content-Length: 4, 4\r\n`, 'abcd'),
    'a negative length': post(`${TYPE}Content-Length: -1\r\n`),
    'a length with a sign': post(`${TYPE}Content-Length: +4\r\n`, 'abcd'),
    'a hexadecimal length': post(`${TYPE}Content-Length: 0x4\r\n`, 'abcd'),
    'a length that overflows': post(`${TYPE}Content-Length: 99999999999999999999999\r\n`),
    'a chunk size that is not a number': chunked('zz\r\n{}\r\n0\r\n\r\n'),
    'a negative chunk size': chunked('-2\r\n{}\r\n0\r\n\r\n'),
    'a chunk size that overflows': chunked('FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n'),
    'a chunk longer than its size': chunked('1\r\n{}\r\n0\r\n\r\n'),
    'chunks with bare LF': chunked('2\n{}\n0\n\n'),
    'a chunk with a huge extension': chunked(`2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    'an invalid second request': bytes(get('/v1/nothing').toString('latin1').replace(CLOSE, ''), 'nonsense\r\n\r\n'),
  };
}

/** Invalid or ambiguous lines and headers. */
function headerAttacks({ token, post, get }: Requests): Attacks {
  return {
    'a folded header': get('/v1/orders', 'X-Folded: a\r\n b\r\n'),
    'lines with bare LF': bytes(`GET /v1/orders HTTP/1.1\nHost: x\nAuthorization: Bearer ${token}\n\n`),
    'a bare CR in a header': get('/v1/orders', 'X-Bare: a\rb\r\n'),
    'NUL in a header': get('/v1/orders', 'X-Nul: a\0b\r\n'),
    'a header name with a space': get('/v1/orders', 'X Space: a\r\n'),
    'a header without a name': get('/v1/orders', ': a\r\n'),
    'a header without a colon': get('/v1/orders', 'nothing\r\n'),
    'a huge header': get('/v1/orders', `X-Huge: ${'x'.repeat(20_000)}\r\n`),
    'three thousand headers': get('/v1/orders', 'X-Many: a\r\n'.repeat(3_000)),
    'no Host header': bytes(`GET /v1/orders HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n${CLOSE}\r\n`),
    'two Host headers': get('/v1/orders', 'Host: evil.example\r\n'),
    'two Authorization headers': get('/v1/orders', `Authorization: Bearer ${token}\r\n`),
    'two Idempotency-Keys': post(`${TYPE}${CLOSE}Idempotency-Key: another\r\n${long(json)}`),
    'two media types': post(`${TYPE}${CLOSE}Content-Type: text/plain\r\n${long(json)}`),
    'an unknown expectation': post(`${TYPE}${CLOSE}Expect: wonders\r\n${long(json)}`),
  };
}

/** Other methods, versions and protocols. */
function protocolAttacks({ pass, start }: Requests): Attacks {
  return {
    'HTTP/0.9': bytes('GET /v1/orders\r\n\r\n'),
    'HTTP/9.9': start('GET /v1/orders HTTP/9.9\r\n'),
    'HTTP/2 by prior knowledge': bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'an unknown method': start('FOO /v1/orders HTTP/1.1\r\n'),
    'a method in lower case': start('get /v1/orders HTTP/1.1\r\n'),
    TRACE: start('TRACE /v1/orders HTTP/1.1\r\n'),
    CONNECT: start('CONNECT evil.example:443 HTTP/1.1\r\n'),
    'a method override': bytes(
      `POST /v1/orders/x HTTP/1.1\r\n${pass}${CLOSE}X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n`,
    ),
    'a TLS handshake': bytes(Buffer.from('16030100c8010000c40303', 'hex'), Buffer.alloc(190)),
  };
}

/** Invalid request targets. */
function targetAttacks({ get }: Requests): Attacks {
  return {
    'a huge request target': get(`/v1/orders?${'x'.repeat(20_000)}`),
    'a target with a space': get('/v1/ orders'),
    'a target with non-ASCII bytes': get('/v1/orders/\xff\xfe'),
    'a target with NUL': get('/v1/orders/%00'),
    'path traversal': get('/v1/products/../../etc/passwd'),
    'encoded path traversal': get('/v1/%2e%2e/%2e%2e/etc/passwd'),
    'a target with a backslash': get('/v1\\orders'),
    'a target with two slashes': get('//v1/orders'),
    'a target on another host': get('http://evil.example/v1/nothing'),
    'a file: target': get('file:///etc/passwd'),
    'an asterisk target': get('*'),
  };
}

/** Invalid bodies. */
function bodyAttacks({ post, body }: Requests): Attacks {
  const deep = 10_000;
  return {
    'an uncompressed body declared as gzip': body(json, `${TYPE}Content-Encoding: gzip\r\n`),
    'a gzip bomb of 16 MiB': body(GZIP_BOMB, `${TYPE}Content-Encoding: gzip\r\n`),
    'a Brotli bomb of 16 MiB': body(BROTLI_BOMB, `${TYPE}Content-Encoding: br\r\n`),
    'a body compressed twice': body(gzipSync(gzipSync(json)), `${TYPE}Content-Encoding: gzip, gzip\r\n`),
    'a giant body': post(`${TYPE}${CLOSE}Content-Length: 1000000000\r\n`, '{'),
    'no media type': body(json, ''),
    'a form': body('lines=1', 'Content-Type: application/x-www-form-urlencoded\r\n'),
    XML: body('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'Content-Type: application/xml\r\n'),
    'a body in UTF-16': body(Buffer.from(json, 'utf16le'), 'Content-Type: application/json; charset=utf-16\r\n'),
    'a body declared as ISO 8859-1': body(json, 'Content-Type: application/json; charset=iso-8859-1\r\n'),
    'invalid UTF-8': body(inside(Buffer.from([0xff, 0xfe]))),
    'overlong UTF-8': body(inside(Buffer.from([0xc0, 0xaf]))),
    'a lone surrogate in UTF-8': body(inside(Buffer.from([0xed, 0xa0, 0x80]))),
    'an escaped lone surrogate': body(replaced('1 High St', '\\ud800')),
    'an escaped NUL': body(replaced('1 High St', '\\u0000')),
    NUL: body(inside('\0')),
    'a __proto__ field': body(replaced('{"lines"', '{"__proto__":{"role":"admin"},"lines"')),
    'a constructor field': body(replaced('{"lines"', '{"constructor":{"prototype":{"role":"admin"}},"lines"')),
    'a duplicate field': body(replaced('"quantity":2', '"quantity":2,"quantity":1')),
    'a duplicate field, once escaped': body(replaced('"quantity":2', '"quantity":2,"\\u0071uantity":1')),
    'arrays nested ten thousand deep': body(replaced('[{"sku"', `${'['.repeat(deep)}${']'.repeat(deep)},[{"sku"`)),
    'objects nested ten thousand deep': body(`${'{"lines":'.repeat(deep)}1${'}'.repeat(deep)}`),
    'a number that overflows': body(replaced('"quantity":2', '"quantity":1e400')),
    'negative zero': body(replaced('"quantity":2', '"quantity":-0')),
    'a fractional quantity': body(replaced('"quantity":2', '"quantity":1.5')),
    'an integer beyond exact precision': body(replaced('"quantity":2', '"quantity":9007199254740993')),
    'a number as a string': body(replaced('"quantity":2', '"quantity":"2"')),
    NaN: body(replaced('"quantity":2', '"quantity":NaN')),
    'data after the end': body(`${json}{}`),
    'a comment': body(replaced('{"lines"', '{/* */"lines"')),
  };
}
