import assert from 'node:assert/strict';
import { printable, printableLines } from '../../tools/printable.ts';

describe('printable text', () => {
  it('keeps letters of every script, and signs', () => {
    const text = 'CAFÉ № 123 – “漢字” 👍 €5';
    assert.equal(printable(text), text);
  });

  it('has escapes in place of what a terminal obeys or hides', () => {
    assert.equal(
      printable('\u001b[2J\r\n\t\u0007\u007f\u009b31m'),
      '\\u001b[2J\\u000d\\u000a\\u0009\\u0007\\u007f\\u009b31m',
    );
    assert.equal(printable('a\u202Eb\u200B\u2028\uD800 \u{E0041}'), 'a\\u202eb\\u200b\\u2028\\ud800 \\u{e0041}');
  });

  it('of several lines keeps their ends', () => {
    assert.equal(printableLines('a\nb\u001b'), 'a\nb\\u001b');
  });
});
