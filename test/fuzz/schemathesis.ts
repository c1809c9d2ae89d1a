import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stage/test-run.ts';
import { sharedPlatform } from '../stage/test-platform.ts';
import { type Description, linksOf, operationsOf } from './description.ts';
import { type Shop, furnish } from './shop.ts';
import { type Tally, tallyOf } from './tally.ts';
import { install, schemathesis } from './tool.ts';

/**
 * Asks the whole platform what its description says, and much that it does not, with schemathesis (a Python package):
 * `npm run schemathesis [-- --max-examples N] [--deterministic]`. What it checks is in schemathesis.toml.
 */
const CONFIG = path.join(import.meta.dirname, 'schemathesis.toml');

const { values: options } = parseArgs({
  args: (process.env.SCHEMATHESIS_OPTIONS ?? '').split(' ').filter(Boolean),
  options: {
    /** Of each operation, beside the bounds of everything that may be sent. */
    'max-examples': { type: 'string', default: '20' },
    /** Asks the same each time, as far as the answers are the same. */
    deterministic: { type: 'boolean', default: false },
  },
});
const EXAMPLES = Number(options['max-examples']);
// A walk ends where the state of things is not what it was the time before, and the rest of its round with it: what makes
// it go on with another round is time that is left.
const WALKING_SECONDS = Math.max(10, EXAMPLES);

/** What ends the session that it is asked with: they have a run of their own, in which 401 is an answer. */
const ENDING_SESSIONS = ['signOut', 'endSession'];
// A stream stays open until its order ends (test/gateway/orders/stream-routes.test.ts reads them), and the description itself
// is what it starts from.
const NOT_ASKED = ['followOrder', 'readOpenApi'];
// Each operation is asked this often at the smallest count: at the bounds of what may be sent, and beyond them.
const ASKED_AT_LEAST = 3;

const EACH_BY_ITSELF = [
  '--phases=examples,coverage,fuzzing',
  `--max-examples=${EXAMPLES}`,
  ...(options.deterministic ? ['--generation-deterministic'] : []),
];
const IN_TURN = [
  '--phases=stateful',
  '--max-examples=100',
  `--max-time=${WALKING_SECONDS}`,
  ...(options.deterministic ? ['--seed=1', '--generation-database=none'] : []),
];

describe('what the API is asked by schemathesis', function () {
  this.timeout(0);
  const installing = install();
  // Whoever awaits it tells of its failure.
  installing.catch(() => undefined);
  // Among its guesses are wrong passwords and changed ones; whoever is signed in already does not mind.
  const platform = sharedPlatform({ ACCESS_TOKEN_SECONDS: '86400' });
  let shop: Shop;
  let description: Description;
  let runs: { customer: Promise<Tally>; admin: Promise<Tally>; inTurn: Promise<Tally> };

  async function ask(token: string, chosen: string[]): Promise<Tally> {
    const report = path.join(scratchFolder(), `${randomUUID()}.ndjson`);
    const args = [`${platform.api}/openapi.json`, ...chosen, '--report-ndjson-path', report];
    const said = await schemathesis(['--config-file', CONFIG, 'run', ...args], { ACCESS_TOKEN: token, NO_COLOR: '1' });
    process.stdout.write(said);
    return tallyOf(report);
  }

  before(async () => {
    await installing;
    shop = await furnish(platform);
    description = (await (await fetch(`${platform.api}/openapi.json`)).json()) as Description;
    const admins = operationsOf(description).filter(({ forAdmins }) => forAdmins);
    // Side by side: each thinks of questions for half of its time, on one core.
    const customer = ask(shop.customer, [...EACH_BY_ITSELF, ...without(ENDING_SESSIONS), ...without(idsOf(admins))]);
    const admin = ask(shop.admin, [...EACH_BY_ITSELF, ...only(idsOf(admins))]);
    const inTurn = admin.catch(() => undefined).then(() => ask(shop.admin, [...IN_TURN, ...without(ENDING_SESSIONS)]));
    runs = { customer, admin, inTurn };
    for (const run of Object.values(runs)) run.catch(() => undefined);
  });
  after(() => runs && Promise.allSettled(Object.values(runs)));

  it('is answered as described, to customers', async () => {
    const { asked } = await runs.customer;
    const theirs = operationsOf(description).filter(
      ({ operationId, forAdmins }) => !forAdmins && ![...ENDING_SESSIONS, ...NOT_ASKED].includes(operationId),
    );
    assert.deepEqual(seldom(idsOf(theirs), asked), []);
  });

  it('is answered as described, to admins', async () => {
    const { asked } = await runs.admin;
    const theirs = operationsOf(description).filter(({ forAdmins }) => forAdmins);
    assert.deepEqual(seldom(idsOf(theirs), asked), []);
  });

  it('is answered as described where one answer leads to the next question', async () => {
    const { followed } = await runs.inTurn;
    const declared = linksOf(description).filter((link) => followed.has(link));
    // How many is chance and time: a few in 10 s, a good part of them in minutes.
    assert.notEqual(declared.length, 0);
    process.stdout.write(`links that were followed:\n  ${declared.join('\n  ')}\n`);
  });

  it('is answered as described where it ends the session', async () => {
    for (const operation of ENDING_SESSIONS) {
      const { asked } = await ask(await shop.newCustomer(), [...EACH_BY_ITSELF, ...only([operation])]);
      assert.deepEqual(seldom([operation], asked), []);
    }
  });

  const seldom = (operationIds: string[], asked: Tally['asked']) =>
    operationsOf(description)
      .filter(({ operationId }) => operationIds.includes(operationId))
      .map(({ name }) => ({ name, times: asked.get(name) ?? 0 }))
      .filter(({ times }) => times < ASKED_AT_LEAST);
});

const idsOf = (operations: { operationId: string }[]) => operations.map(({ operationId }) => operationId);
const only = (operationIds: string[]) => operationIds.flatMap((id) => ['--include-operation-id', id]);
const without = (operationIds: string[]) => operationIds.flatMap((id) => ['--exclude-operation-id', id]);
