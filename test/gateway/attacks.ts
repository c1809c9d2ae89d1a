import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { orderWish } from '../stage/gateway-builders.ts';

/** What a good request would need to get in, so that an attack fails for what it is and not for want of a token. */
export interface Pass {
  token: string;
  key: string;
}

const HOST = 'Host: shop.example\r\n';
const json = JSON.stringify(orderWish());
const spelled = (piece: string, instead: string): string => json.replace(piece, instead);
const bytes = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));

// Thirty times what an order may have, out of a few kilobytes.
const blown = Buffer.alloc(16 * 1024 * 1024, ' ');
const GZIP_BOMB = gzipSync(blown);
const BROTLI_BOMB = brotliCompressSync(blown, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

/** Bytes that no server may take for a good request, each with what they try. */
export function attacks({ token, key }: Pass): Record<string, Buffer> {
  const pass = `${HOST}Authorization: Bearer ${token}\r\nIdempotency-Key: ${key}\r\n`;
  const line = 'POST /v1/orders HTTP/1.1\r\n';
  /** A POST of an order whose headers and body are given. */
  const post = (headers: string, body: string | Buffer = json) => bytes(line, pass, headers, '\r\n', body);
  const type = 'Content-Type: application/json\r\n';
  const close = 'Connection: close\r\n';
  const long = (body: string | Buffer) => `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  /** A well-framed POST of this body. */
  const body = (content: string | Buffer, headers = type) => {
    const sent = typeof content === 'string' ? Buffer.from(content) : content;
    return post(`${headers}${close}${long(sent)}`, sent);
  };
  const chunked = (content: string) => post(`${type}${close}Transfer-Encoding: chunked\r\n`, content);
  const get = (target: string, headers = '') =>
    bytes(`GET ${target} HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n${HOST}${close}${headers}\r\n`);
  const start = (text: string) => bytes(text, HOST, close, '\r\n');
  const deep = 10_000;
  const inside = (text: string | Buffer) =>
    bytes(json.slice(0, json.indexOf('1 High St')), text, json.slice(json.indexOf('1 High St')));

  return {
    // Where one request ends and the next begins.
    'a length and chunks': post(
      `${type}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`,
      '0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n',
    ),
    'chunks and a length': post(`${type}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, '0\r\n\r\n'),
    'chunks, and then not': post(`${type}Transfer-Encoding: chunked, identity\r\n`, '0\r\n\r\n'),
    'chunks that are none': post(`${type}Transfer-Encoding: xchunked\r\n`, '0\r\n\r\n'),
    'chunks with a space before the colon': post(`${type}Transfer-Encoding : chunked\r\n`, '0\r\n\r\n'),
    'two lengths': post(`${type}Content-Length: 4\r\nContent-Length: 5\r\n`, 'abcde'),
    'the same length twice': post(`${type}${long(json)}${long(json)}`),
    'two lengths in one line': post(`${type}Content-Length: 4, 4\r\n`, 'abcd'),
    'a length below nothing': post(`${type}Content-Length: -1\r\n`),
    'a length with a sign': post(`${type}Content-Length: +4\r\n`, 'abcd'),
    'a length in sixteens': post(`${type}Content-Length: 0x4\r\n`, 'abcd'),
    'a length beyond numbers': post(`${type}Content-Length: 99999999999999999999999\r\n`),
    'a chunk of no number': chunked('zz\r\n{}\r\n0\r\n\r\n'),
    'a chunk below nothing': chunked('-2\r\n{}\r\n0\r\n\r\n'),
    'a chunk beyond numbers': chunked('FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n'),
    'a chunk longer than it says': chunked('1\r\n{}\r\n0\r\n\r\n'),
    'a chunk that ends in a bare LF': chunked('2\n{}\n0\n\n'),
    'a chunk with an endless extension': chunked(`2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    'a second request that is none': bytes(
      get('/v1/nothing').toString('latin1').replace(close, ''),
      'nonsense\r\n\r\n',
    ),
    // Lines and headers.
    'a header that is folded': get('/v1/orders', 'X-Folded: a\r\n b\r\n'),
    'lines that end in a bare LF': bytes(`GET /v1/orders HTTP/1.1\nHost: x\nAuthorization: Bearer ${token}\n\n`),
    'a bare CR in a header': get('/v1/orders', 'X-Bare: a\rb\r\n'),
    'NUL in a header': get('/v1/orders', 'X-Nul: a\0b\r\n'),
    'a name of a header with a space': get('/v1/orders', 'X Space: a\r\n'),
    'a header without a name': get('/v1/orders', ': a\r\n'),
    'a header without a colon': get('/v1/orders', 'nothing\r\n'),
    'a huge header': get('/v1/orders', `X-Huge: ${'x'.repeat(20_000)}\r\n`),
    'three thousand headers': get('/v1/orders', 'X-Many: a\r\n'.repeat(3_000)),
    'no host': bytes(`GET /v1/orders HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n${close}\r\n`),
    'two hosts': get('/v1/orders', 'Host: evil.example\r\n'),
    'two tokens': get('/v1/orders', `Authorization: Bearer ${token}\r\n`),
    'two keys': post(`${type}${close}Idempotency-Key: another\r\n${long(json)}`),
    'two media types': post(`${type}${close}Content-Type: text/plain\r\n${long(json)}`),
    'an expectation of wonders': post(`${type}${close}Expect: wonders\r\n${long(json)}`),
    // Methods, versions and other protocols.
    'HTTP/0.9': bytes('GET /v1/orders\r\n\r\n'),
    'HTTP/9.9': start('GET /v1/orders HTTP/9.9\r\n'),
    'HTTP/2 by prior knowledge': bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'a method that nobody knows': start('FOO /v1/orders HTTP/1.1\r\n'),
    'a method in lower case': start('get /v1/orders HTTP/1.1\r\n'),
    TRACE: start('TRACE /v1/orders HTTP/1.1\r\n'),
    CONNECT: start('CONNECT evil.example:443 HTTP/1.1\r\n'),
    'a method overridden': bytes(
      `POST /v1/orders/x HTTP/1.1\r\n${pass}${close}X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n`,
    ),
    'a TLS greeting': bytes(Buffer.from('16030100c8010000c40303', 'hex'), Buffer.alloc(190)),
    // Addresses.
    'an endless address': get(`/v1/orders?${'x'.repeat(20_000)}`),
    'an address with a space': get('/v1/ orders'),
    'an address of bytes above ASCII': get('/v1/orders/\xff\xfe'),
    'an address with NUL': get('/v1/orders/%00'),
    'an address that climbs': get('/v1/products/../../etc/passwd'),
    'an address that climbs, encoded': get('/v1/%2e%2e/%2e%2e/etc/passwd'),
    'an address with a backslash': get('/v1\\orders'),
    'an address with two slashes': get('//v1/orders'),
    'an address of another host': get('http://evil.example/v1/nothing'),
    'an address of a file': get('file:///etc/passwd'),
    'an address that is a star': get('*'),
    // Bodies.
    'a body that says it is compressed, and is not': body(json, `${type}Content-Encoding: gzip\r\n`),
    'a body that grows to 16 MiB out of gzip': body(GZIP_BOMB, `${type}Content-Encoding: gzip\r\n`),
    'a body that grows to 16 MiB out of brotli': body(BROTLI_BOMB, `${type}Content-Encoding: br\r\n`),
    'a body that is compressed twice': body(gzipSync(gzipSync(json)), `${type}Content-Encoding: gzip, gzip\r\n`),
    'a giant body': post(`${type}${close}Content-Length: 1000000000\r\n`, '{'),
    'no media type': body(json, ''),
    'a form': body('lines=1', 'Content-Type: application/x-www-form-urlencoded\r\n'),
    XML: body('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'Content-Type: application/xml\r\n'),
    'another set of characters': body(
      Buffer.from(json, 'utf16le'),
      'Content-Type: application/json; charset=utf-16\r\n',
    ),
    'characters of one byte': body(json, 'Content-Type: application/json; charset=iso-8859-1\r\n'),
    'bytes that are no UTF-8': body(inside(Buffer.from([0xff, 0xfe]))),
    'UTF-8 that is longer than it need be': body(inside(Buffer.from([0xc0, 0xaf]))),
    'half a surrogate pair in UTF-8': body(inside(Buffer.from([0xed, 0xa0, 0x80]))),
    'half a surrogate pair, escaped': body(spelled('1 High St', '\\ud800')),
    'NUL, escaped': body(spelled('1 High St', '\\u0000')),
    NUL: body(inside('\0')),
    'a prototype': body(spelled('{"lines"', '{"__proto__":{"role":"admin"},"lines"')),
    'a constructor': body(spelled('{"lines"', '{"constructor":{"prototype":{"role":"admin"}},"lines"')),
    'one field twice': body(spelled('"quantity":2', '"quantity":2,"quantity":1')),
    'one field twice, once escaped': body(spelled('"quantity":2', '"quantity":2,"\\u0071uantity":1')),
    'lists ten thousand deep': body(spelled('[{"sku"', `${'['.repeat(deep)}${']'.repeat(deep)},[{"sku"`)),
    'objects ten thousand deep': body(`${'{"lines":'.repeat(deep)}1${'}'.repeat(deep)}`),
    'a number beyond numbers': body(spelled('"quantity":2', '"quantity":1e400')),
    'nothing, negative': body(spelled('"quantity":2', '"quantity":-0')),
    'half a piece': body(spelled('"quantity":2', '"quantity":1.5')),
    'more than a number holds exactly': body(spelled('"quantity":2', '"quantity":9007199254740993')),
    'a number as text': body(spelled('"quantity":2', '"quantity":"2"')),
    'no number': body(spelled('"quantity":2', '"quantity":NaN')),
    'something after the end': body(`${json}{}`),
    'a comment': body(spelled('{"lines"', '{/* */"lines"')),
  };
}
