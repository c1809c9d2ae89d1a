import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PROBLEMS, type ProblemDescription } from '../../gateway/problem-pages/registry.ts';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const DESCRIPTIONS: Readonly<Record<string, ProblemDescription>> = PROBLEMS;

/** The code that answers a client of the gateway. */
const source = globSync('{gateway,platform/http}/**/*.ts', { cwd: ROOT, exclude: ['gateway/problem-pages/**'] })
  .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
  .join('\n');

describe('the page of a problem', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  for (const [code, { status, meaning, action }] of Object.entries(DESCRIPTIONS)) {
    it(`says what ${code} means and what to do, as JSON and as HTML`, async () => {
      const { body, headers } = await gateway.call(`GET /problems/${code}`);
      assert.match(headers.get('content-type')!, /^application\/json/);
      const { title, ...rest } = body as unknown as { title: string };
      assert.deepEqual(rest, { type: `/problems/${code}`, status, code, meaning, action });
      const page = await gateway.call(`GET /problems/${code}`, { headers: HTML });
      assert.match(page.headers.get('content-type')!, /^text\/html/);
      for (const text of [`<h1>${title}</h1>`, `${status} `, `<code>${code}</code>`]) {
        assert.ok(page.text.includes(text), text);
      }
      assert.doesNotMatch(page.text, /`|undefined|https?:|<script/);
    });
  }

  it('exists for every problem that the code can throw, with its status', () => {
    const thrown = [...source.matchAll(/\b([45]\d\d),\s+'([A-Z][A-Za-z]+)'/g)];
    assert.ok(thrown.length > 60);
    for (const [, status, code] of thrown) assert.equal(DESCRIPTIONS[code!]?.status, Number(status), code);
  });

  it('exists for no other', () => {
    for (const code of Object.keys(DESCRIPTIONS)) assert.ok(source.includes(`'${code}'`), code);
  });

  it('exists for every problem in the OpenAPI document, with its status', async () => {
    const { components } = JSON.parse((await gateway.call('GET /openapi.json')).text) as Document;
    const published = Object.values(components.responses).flatMap(({ content }) => {
      const { status, code } = content['application/problem+json']!.schema.properties;
      return code.enum.map((one) => [one, status.const] as const);
    });
    assert.ok(published.length > 50);
    for (const [code, status] of published) assert.equal(DESCRIPTIONS[code]?.status, status, code);
  });

  it('is where the `type` of a problem document leads, whatever the address of the gateway', async () => {
    const { body } = await gateway.call('GET /v1/nothing');
    const type = new URL((body as unknown as { type: string }).type, `${gateway.url}/v1/nothing`);
    const answer = await fetch(type);
    assert.equal(answer.status, 200);
    assert.deepEqual(((await answer.json()) as { code: string }).code, body.code);
  });

  it('is JSON for programs and HTML for browsers', async () => {
    const typeFor = async (accept: string) =>
      (await gateway.call('GET /problems/NotFound', { headers: { accept } })).headers.get('content-type')!;
    for (const accept of ['*/*', 'application/json', 'application/problem+json', 'image/png', 'text/html;q=0.1, */*']) {
      assert.match(await typeFor(accept), /^application\/json/, accept);
    }
    for (const accept of [HTML.accept, 'text/html', 'text/*', 'application/json;q=0.5, text/html']) {
      assert.match(await typeFor(accept), /^text\/html/, accept);
    }
    const { headers } = await gateway.call('GET /problems/NotFound', { headers: HTML });
    assert.match(headers.get('vary')!, /Accept\b(?!-)/);
    assert.match(headers.get('content-security-policy')!, /^default-src 'none'; style-src 'sha256-/);
  });

  it('is listed with all others', async () => {
    const { body } = await gateway.call('GET /problems');
    assert.deepEqual(
      body.items.map(({ code }) => code),
      Object.keys(DESCRIPTIONS),
    );
    const page = await gateway.call('GET /problems', { headers: HTML });
    const links = [...page.text.matchAll(/href="\/problems\/(\w+)"/g)].map(([, code]) => code!);
    assert.deepEqual(links.toSorted(), Object.keys(DESCRIPTIONS).toSorted());
  });

  it('is 404 for a code that does not exist', async () => {
    for (const code of ['Nothing', 'toString', '__proto__', 'notfound']) {
      const { status, body } = await gateway.call(`GET /problems/${code}`, { headers: HTML });
      assert.deepEqual([status, body.code], [404, 'NotFound'], code);
    }
  });
});

interface Document {
  components: {
    responses: Record<
      string,
      { content: Record<string, { schema: { properties: { status: { const: number }; code: { enum: string[] } } } }> }
    >;
  };
}
