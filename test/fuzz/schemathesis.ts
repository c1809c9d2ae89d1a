import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stage/test-run.ts';
import { sharedPlatform } from '../stage/test-platform.ts';
import { type OpenApiDocument, linksOf, operationsOf } from './description.ts';
import { type Shop, createShop } from './shop.ts';
import { type Tally, tallyOf } from './tally.ts';
import { install, schemathesis } from './tool.ts';

/**
 * Sends valid and invalid requests, generated from the OpenAPI document, to the whole platform with schemathesis (a Python
 * package): `npm run schemathesis [-- --max-examples N] [--deterministic]`. schemathesis.toml configures the checks.
 */
const CONFIG = path.join(import.meta.dirname, 'schemathesis.toml');

const { values: options } = parseArgs({
  args: (process.env.SCHEMATHESIS_OPTIONS ?? '').split(' ').filter(Boolean),
  options: {
    /** Examples per operation, in addition to boundary values. */
    'max-examples': { type: 'string', default: '20' },
    /** Sends the same requests each time, as far as the responses are the same. */
    deterministic: { type: 'boolean', default: false },
  },
});
const EXAMPLES = Number(options['max-examples']);
// A walk along links ends, and its round with it, when the platform's state differs from the time before. As long as time
// is left, another round begins.
const STATEFUL_SECONDS = Math.max(10, EXAMPLES);
// On a busy machine preparing the walks takes longer than that. Then they get twice the time, and at last this much.
const MAX_STATEFUL_SECONDS = 16 * STATEFUL_SECONDS;

/** Operations that end the caller's session. They have a run of their own, in which 401 is expected. */
const ENDING_SESSIONS = ['signOut', 'endSession'];
// A stream stays open until its order ends (test/gateway/orders/stream-routes.test.ts tests them), and the document itself
// is the input of every run.
const NOT_TESTED = ['followOrder', 'readOpenApi'];
// The least number of requests per operation: boundary values, and values beyond them.
const MIN_REQUESTS = 3;

const SEPARATE_OPERATIONS = [
  '--phases=examples,coverage,fuzzing',
  `--max-examples=${EXAMPLES}`,
  ...(options.deterministic ? ['--generation-deterministic'] : []),
];
const linkedOperations = (seconds: number) => [
  '--phases=stateful',
  '--max-examples=100',
  `--max-time=${seconds}`,
  ...(options.deterministic ? ['--seed=1', '--generation-database=none'] : []),
];

describe('the API under schemathesis', function () {
  this.timeout(0);
  const installing = install();
  // A failure is reported where it is awaited.
  installing.catch(() => undefined);
  // Schemathesis also tries passwords and changes them; access tokens issued before stay valid.
  const platform = sharedPlatform({ ACCESS_TOKEN_SECONDS: '86400' });
  let shop: Shop;
  let document: OpenApiDocument;
  let runs: { customer: Promise<Tally>; admin: Promise<Tally>; linked: Promise<Tally> };

  async function run(token: string, chosen: string[]): Promise<Tally> {
    const report = path.join(scratchFolder(), `${randomUUID()}.ndjson`);
    const args = [`${platform.api}/openapi.json`, ...chosen, '--report-ndjson-path', report];
    const output = await schemathesis(['--config-file', CONFIG, 'run', ...args], {
      ACCESS_TOKEN: token,
      NO_COLOR: '1',
    });
    process.stdout.write(output);
    return tallyOf(report);
  }

  /** Follows links until one that the document declares was followed. */
  async function followLinks(seconds: number): Promise<Tally> {
    const tally = await run(shop.admin, [...linkedOperations(seconds), ...without(ENDING_SESSIONS)]);
    const done = linksOf(document).some((link) => tally.followed.has(link)) || seconds >= MAX_STATEFUL_SECONDS;
    return done ? tally : followLinks(2 * seconds);
  }

  before(async () => {
    await installing;
    shop = await createShop(platform);
    document = (await (await fetch(`${platform.api}/openapi.json`)).json()) as OpenApiDocument;
    const [customers, admins] = [operationsFor('customers'), operationsFor('admins')];
    // In parallel: each spends half of its time generating requests, on one core.
    const customer = run(shop.customer, [...SEPARATE_OPERATIONS, ...only(idsOf(customers))]);
    const admin = run(shop.admin, [...SEPARATE_OPERATIONS, ...only(idsOf(admins))]);
    const linked = admin.catch(() => undefined).then(() => followLinks(STATEFUL_SECONDS));
    runs = { customer, admin, linked };
    for (const pending of Object.values(runs)) pending.catch(() => undefined);
  });
  after(() => runs && Promise.allSettled(Object.values(runs)));

  it('responds to customers as described', async () => {
    const { requests } = await runs.customer;
    assert.deepEqual(rarelyTested(idsOf(operationsFor('customers')), requests), []);
  });

  it('responds to admins as described', async () => {
    const { requests } = await runs.admin;
    assert.deepEqual(rarelyTested(idsOf(operationsFor('admins')), requests), []);
  });

  it('responds as described when links are followed', async () => {
    const { followed } = await runs.linked;
    const declared = linksOf(document).filter((link) => followed.has(link));
    // Their number depends on chance and time: a few in 10 s, most of them in some minutes.
    assert.notEqual(declared.length, 0);
    process.stdout.write(`followed links:\n  ${declared.join('\n  ')}\n`);
  });

  it('responds as described when the session ends', async () => {
    for (const operation of ENDING_SESSIONS) {
      const { requests } = await run(await shop.newCustomer(), [...SEPARATE_OPERATIONS, ...only([operation])]);
      assert.deepEqual(rarelyTested([operation], requests), []);
    }
  });

  /** Each role has its own: without them a run would send requests to all operations. */
  function operationsFor(role: 'customers' | 'admins') {
    const found = operationsOf(document).filter(
      ({ operationId, forCustomers, forStaff }) =>
        (role === 'admins' ? forStaff : forCustomers) && ![...ENDING_SESSIONS, ...NOT_TESTED].includes(operationId),
    );
    const all = operationsOf(document).length;
    assert.ok(found.length > 0 && found.length < all, `${found.length} of ${all} operations are for ${role}`);
    return found;
  }

  const rarelyTested = (operationIds: string[], requests: Tally['requests']) =>
    operationsOf(document)
      .filter(({ operationId }) => operationIds.includes(operationId))
      .map(({ name }) => ({ name, times: requests.get(name) ?? 0 }))
      .filter(({ times }) => times < MIN_REQUESTS);
});

const idsOf = (operations: { operationId: string }[]) => operations.map(({ operationId }) => operationId);
const only = (operationIds: string[]) => operationIds.flatMap((id) => ['--include-operation-id', id]);
const without = (operationIds: string[]) => operationIds.flatMap((id) => ['--exclude-operation-id', id]);
