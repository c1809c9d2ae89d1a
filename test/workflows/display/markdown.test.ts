import assert from 'node:assert/strict';
import { summaryOf } from '../../../workflows/saga/summaries.ts';
import { oneLine, plainText } from '../../../workflows/display/markdown.ts';

const RTL_OVERRIDE = '\u202e';

describe('text from outside in the Temporal Web UI', () => {
  it('stays one line, without control characters', () => {
    const hostile = `a\n# b\r\n- c\u2028d\u0000e\u001b[31mf${RTL_OVERRIDE}g`;
    assert.equal(oneLine(hostile), 'a # b - c d e [31mf g');
    assert.ok(!/[\n\r\u2028]/.test(plainText(hostile)));
  });

  // Each as Temporal's Web UI 2.54 was seen to show it.
  const CASES: Record<string, [given: string, escaped: string]> = {
    'a heading': ['x\n# Paid', 'x \\# Paid'],
    emphasis: ['**x** _y_ ~~z~~', '\\*\\*x\\*\\* \\_y\\_ \\~\\~z\\~\\~'],
    'a link': ['[pay](http://evil.example)', '\\[pay\\](http\\://evil.example)'],
    'a picture': ['![x](//evil.example/x.png)', '\\!\\[x\\](//evil.example/x.png)'],
    'an address that becomes a link': [
      'https://evil.example www.evil.example a@evil.example',
      'https\\://evil.example www\\.evil.example a\\@evil.example',
    ],
    HTML: ['<b onclick=x>&amp;</b>', '\\<b onclick=x\\>\\&amp;\\</b\\>'],
    'the end of a code span': ['`x', '\\`x'],
    'a cell of a table': ['a | b', 'a \\| b'],
    'an escape': ['\\*', '\\\\\\*'],
  };
  for (const [name, [given, escaped]] of Object.entries(CASES)) {
    it(`${name} is shown as it is`, () => assert.equal(plainText(given), escaped));
  }

  it('ordinary text is not escaped', () => {
    const ordinary = "Stoke-on-Trent (St. Mary's): 10:30, 2.50; 50 % + 1/2 — Zürich 東京";
    assert.equal(plainText(ordinary), ordinary);
  });

  it('a summary is one line of at most 180 bytes, whatever the address', () => {
    for (const city of ['London\nPaid', '東'.repeat(200), '😀'.repeat(100)]) {
      const summary = summaryOf('bookShipment', { address: { city, country: 'GB' } });
      assert.ok(Buffer.byteLength(summary) <= 180 && summary.isWellFormed() && !summary.includes('\n'), summary);
    }
  });
});
