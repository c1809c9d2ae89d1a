/** A message of PostgreSQL's frontend protocol 3.0, as it was sent. */
export interface FrontendMessage {
  bytes: Buffer;
  /** If it gives a statement its parameters (Bind): the statement's text, and the message with the parameters. */
  statement?: { name: string; content: string };
}

/**
 * What one connection's client sends, message by message. Statements are known by the text that they were parsed with. A
 * Parse comes with the message after it: once the server has it, the statement's time limit runs.
 */
export async function* frontendMessages(client: AsyncIterable<Buffer>): AsyncGenerator<FrontendMessage> {
  const texts = new Map<string, string>();
  let parse: Buffer = Buffer.alloc(0);
  for await (const message of split(client)) {
    const content = message.bytes.toString('latin1', HEADER_BYTES);
    // Parse: the statement's name and its text. Bind: the portal's name and the statement's. Each ends with a zero byte.
    const [first = '', second = ''] = content.split('\0', 2);
    if (message.type === 'P') {
      texts.set(first, second);
      parse = message.bytes;
      continue;
    }
    const bytes = Buffer.concat([parse, message.bytes]);
    parse = Buffer.alloc(0);
    yield { bytes, ...(message.type === 'B' && { statement: { name: texts.get(second)!, content } }) };
  }
}

/** The type and the length. The length counts itself, and not the type. */
const HEADER_BYTES = 5;

async function* split(client: AsyncIterable<Buffer>): AsyncGenerator<{ type: string; bytes: Buffer }> {
  let left = Buffer.alloc(0);
  // A connection's first message has no type.
  let typeBytes = 0;
  for await (const chunk of client) {
    left = Buffer.concat([left, chunk]);
    while (left.length >= typeBytes + 4) {
      const length = typeBytes + left.readUInt32BE(typeBytes);
      if (left.length < length) break;
      const bytes = left.subarray(0, length);
      left = left.subarray(length);
      yield { type: typeBytes ? String.fromCharCode(bytes[0]!) : 'startup', bytes };
      typeBytes = 1;
    }
  }
}
