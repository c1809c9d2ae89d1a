import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type Import, importsOf, readsEnvironment } from './stage/imports.ts';

const root = path.join(import.meta.dirname, '..');
const ROOMS = ['activities', 'workflows', 'services', 'gateway', 'platform', 'sandbox', 'tools'] as const;
type Room = (typeof ROOMS)[number];

/** Which files of ours a file may import, by its room. */
const MAY_IMPORT: Record<Room, (target: string, asked: Import, file: string) => boolean> = {
  activities: (target) => within('activities')(target),
  workflows: (target, { typeOnly }) => within('workflows')(target) || (typeOnly && within('activities')(target)),
  services: (target, asked, file) =>
    within('activities', 'platform')(target) ||
    (file !== SERVICES_ENTRY && within(folderOf(file))(target)) ||
    (file === EXPRESS_LANE && SAGA_TEXT.has(target)) ||
    (file === WEBHOOK_STARTER &&
      (target === 'workflows/messages.ts' || (asked.typeOnly && within('workflows')(target)))) ||
    (file === CART_STARTER && target === 'workflows/messages.ts'),
  gateway: (target, { typeOnly }) =>
    within('activities', 'platform', 'gateway')(target) ||
    target === 'workflows/messages.ts' ||
    (typeOnly && within('workflows')(target)),
  platform: (target, _asked, file) =>
    within('platform')(target) ||
    (CONTRACT_PLUMBING.has(file) && within('activities')(target)) ||
    (file === NAMESPACE_MAKER && target === 'workflows/messages.ts'),
  sandbox: within('sandbox', 'platform'),
  tools: (target, _asked, file) =>
    within('tools', 'activities', 'platform')(target) ||
    target === 'clients/typescript/index.ts' ||
    (file === EVALUATOR && within('services/recommendation')(target)),
};

/** Judges what serves, so it runs that and no copy of it. */
const EVALUATOR = 'tools/recommend-eval/evaluate.ts';

/** Starts reminders of carts, in the words that they understand. */
const CART_STARTER = 'services/cart/reminders.ts';

const SERVICES_ENTRY = 'services/main.ts';

/** Takes the saga's steps outside of the workflow, and so reads them from its text. */
const EXPRESS_LANE = 'services/order/express.ts';
const SAGA_TEXT = new Set(['workflows/order/steps.ts', 'workflows/saga/order-history.ts']);

/** Starts the workflow of each webhook, and so speaks to it by its messages, as the gateway does to others. */
const WEBHOOK_STARTER = 'services/webhook/workflows.ts';

/** Plumbing that is about contracts: operations at doors and on queues, effects and events. The rest knows no business. */
const CONTRACT_PLUMBING = new Set([
  'platform/contract/effect.ts',
  'platform/events/dead-letters.ts',
  'platform/events/feed.ts',
  'platform/events/handling.ts',
  'platform/events/inbox.ts',
  'platform/events/service-events.ts',
  'platform/events/subscriber.ts',
  'platform/events/subscription.ts',
  'platform/http/client.ts',
  'platform/http/service-api.ts',
  'platform/events/outbox.ts',
  'local/settings.ts',
  'platform/temporal/worker.ts',
]);

/** Gives Temporal the search attributes that the workflows' messages name, so that they are named once. */
const NAMESPACE_MAKER = 'local/temporal-namespace.ts';

/** Packages, where a room may not choose freely: contracts do no I/O, and workflows run in a sandbox, again and again. */
const PACKAGES: Partial<Record<Room, readonly string[]>> = {
  activities: ['zod'],
  workflows: ['@temporalio/workflow', '@temporalio/common'],
};

/** Every `import()` whose target is worked out at run time, by what it is worked out from. */
const COMPUTED: Record<string, string> = {
  // Only the services that are asked for are loaded.
  'services/main.ts': './${name}/service.ts',
  // A migration, from the folder it is told.
  'platform/database/connection.ts': 'file',
  // The binaries of this machine's kind.
  'local/postgres.ts': 'name',
};

/** Modules that are handed to Node by their path, from the project's folder on. */
const HANDED_OVER: Record<string, string> = {
  // What every process of the platform is started with.
  'local/node-process.ts': './platform/telemetry/tracing.ts',
};

/** Who reads the environment: entry points, and what must know before settings are read. All else is passed in. */
const READS_ENVIRONMENT = [
  'gateway/main.ts',
  'platform/config.ts',
  'platform/telemetry/logger.ts',
  'local/main.ts',
  'local/start.mjs',
  'local/temporal-binary.ts',
  'platform/telemetry/tracing.ts',
  'services/main.ts',
  'tools/api/admin.ts',
  'tools/command-line.ts',
  'tools/import.ts',
  'tools/recommend-eval.ts',
  'tools/reconcile/find-sources.ts',
  'tools/replay.ts',
];

function within(...folders: string[]) {
  return (target: string): boolean => folders.some((folder) => target.startsWith(`${folder}/`));
}

const folderOf = (file: string) => file.split('/').slice(0, 2).join('/');

/** What is wrong with what this file imports. */
function complaints(file: string, source: string): string[] {
  const { imports, unread } = importsOf(source);
  return [
    ...imports.filter((asked) => !allowed(file, asked)).map(({ specifier }) => `${file} imports ${specifier}`),
    ...unread
      .filter((specifier) => HANDED_OVER[file] !== specifier)
      .map((specifier) => `${file} names ${specifier} without importing it`),
  ];
}

function allowed(file: string, asked: Import): boolean {
  const room = file.split('/')[0] as Room;
  const { specifier, computed } = asked;
  if (computed) return COMPUTED[file] === specifier;
  if (specifier.startsWith('.')) {
    return MAY_IMPORT[room](path.posix.join(path.posix.dirname(file), specifier), asked, file);
  }
  // What else we have is reached by relative paths; the environment by `process.env` alone, where it can be seen.
  if (specifier.startsWith('/') || specifier.startsWith('#') || /^(node:)?process$/.test(specifier)) return false;
  return PACKAGES[room]?.includes(specifier) ?? true;
}

const sources = ROOMS.flatMap((room) =>
  readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?[jt]s$/.test(name))
    .map((name) => `${room}/${name.replaceAll(path.sep, '/')}`),
).map((file) => ({ file, source: readFileSync(path.join(root, file), 'utf8') }));

describe('architecture', () => {
  for (const room of ROOMS) {
    it(`${room} imports only what it may`, () => {
      const files = sources.filter(({ file }) => file.startsWith(`${room}/`));
      assert.ok(files.length > 0);
      assert.deepEqual(
        files.flatMap(({ file, source }) => complaints(file, source)),
        [],
      );
    });
  }

  it('names every import() that is worked out at run time, and every plumbing of contracts', () => {
    const all = sources.map(({ file, source }) => ({ file, ...importsOf(source) }));
    const computed = all.filter(({ imports }) => imports.some((asked) => asked.computed));
    assert.deepEqual(computed.map(({ file }) => file).toSorted(), Object.keys(COMPUTED).toSorted());
    const plumbing = all.filter(
      ({ file, imports }) =>
        file.startsWith('platform/') && imports.some(({ specifier }) => /\/activities\//.test(specifier)),
    );
    assert.deepEqual(plumbing.map(({ file }) => file).toSorted(), [...CONTRACT_PLUMBING].toSorted());
  });

  it('reads the environment in entry points and settings only', () => {
    const readers = sources.filter(({ source }) => readsEnvironment(source)).map(({ file }) => file);
    assert.deepEqual(readers.toSorted(), READS_ENVIRONMENT);
  });

  it('calls no two activities of its contracts the same', async () => {
    const owners = new Map<string, string[]>();
    for (const name of readdirSync(path.join(root, 'activities'))) {
      const contract = (await import(path.join(root, 'activities', name))) as Record<string, object>;
      const faces = Object.entries(contract).filter(([face]) => face.endsWith('Activities'));
      for (const activity of faces.flatMap(([, operations]) => Object.keys(operations))) {
        owners.set(activity, [...(owners.get(activity) ?? []), name]);
      }
    }
    assert.ok(owners.size > 20);
    assert.deepEqual(
      [...owners].filter(([, names]) => names.length > 1),
      [],
    );
  });
});

const BREACHES: Record<string, [file: string, source: string]> = {
  'a contract that imports plumbing': ['activities/a.ts', "import { connect } from '../platform/database/connection.ts';"],
  'a contract that does I/O': ['activities/a.ts', "import { readFile } from 'node:fs/promises';"],
  'a contract that knows Temporal': ['activities/a.ts', "import type { Duration } from '@temporalio/common';"],
  'a workflow that imports values of a contract': ['workflows/a.ts', "import { Step } from '../activities/order.ts';"],
  'a workflow that loads a contract for a type': [
    'workflows/a.ts',
    "import { type Step } from '../activities/order.ts';",
  ],
  'a workflow that re-exports a contract': ['workflows/a.ts', "export * from '../activities/order.ts';"],
  'a workflow that imports a service': ['workflows/a.ts', "import type { A } from '../services/order/a.ts';"],
  'a workflow that imports zod': ['workflows/a.ts', "import { z } from 'zod';"],
  'a service that imports another': ['services/order/a.ts', "import type { B } from '../payment/b.ts';"],
  'a service whose name starts like another’s': ['services/user/a.ts', "import '../users/b.ts';"],
  'a service that imports workflows': ['services/order/a.ts', "import { A } from '../../workflows/messages.ts';"],
  'a webhook starter that runs a workflow’s code': [
    'services/webhook/workflows.ts',
    "import { webhookDeliveryWorkflow } from '../../workflows/webhook-delivery.ts';",
  ],
  'an express lane that imports more than the saga’s text': [
    'services/order/express.ts',
    "import { saga } from '../../workflows/saga.ts';",
  ],
  'a service’s port that imports another service': ['services/order/p/a.ts', "import '../../user/b.ts';"],
  'an entry that names a service': ['services/main.ts', "import { order } from './order/service.ts';"],
  'an import() that nobody has listed': ['services/order/a.ts', 'await import(`../${name}/service.ts`);'],
  'another import() in a listed file': ['services/main.ts', 'await import(anything);'],
  'a gateway that runs a workflow’s code': ['gateway/a.ts', "import { Saga } from '../workflows/saga/saga.ts';"],
  'a gateway that imports a service': ['gateway/routes/a.ts', "import type { A } from '../../services/user/a.ts';"],
  'plumbing that knows a contract': ['platform/telemetry/logger.ts', "import type { Order } from '../activities/order.ts';"],
  'plumbing that imports a service': ['local/a.ts', "import '../../services/main.ts';"],
  'plumbing that imports a service when asked': ['platform/a.ts', "void import('../services/order/service.ts');"],
  'plumbing that imports messages': ['local/a.ts', "import { A } from '../../workflows/messages.ts';"],
  'the namespace’s maker where it imports more': [
    'local/temporal-namespace.ts',
    "import { orderWorkflow } from '../../workflows/order.ts';",
  ],
  'plumbing that imports the gateway': ['platform/a.ts', "export { a } from '../gateway/app.ts';"],
  'a sandbox that imports a contract': ['sandbox/a.ts', "import type { Money } from '../activities/money.ts';"],
  'a sandbox that imports what it judges': ['sandbox/a.ts', "import '../services/payment/processor.ts';"],
  'a tool that imports the sandbox': ['tools/a.ts', "import type { A } from '../sandbox/sqlite.ts';"],
  'a tool that imports a service': ['tools/import.ts', "import '../services/recommendation/ranking.ts';"],
  'the evaluator where it imports another service': [
    'tools/recommend-eval/evaluate.ts',
    "import '../../services/order/views.ts';",
  ],
  'a tool that imports the gateway': ['tools/a.ts', "import { A } from '../gateway/app.ts';"],
  'anything that imports tests': ['tools/a.ts', "import { A } from './stage/fake-order-services.ts';"],
  'anything that hides where it reads the environment': ['gateway/a.ts', "import { env } from 'node:process';"],
  'a multi-line import of types': [
    'services/order/a.ts',
    "import type {\n  A, // of 'user'\n  B as C,\n} from '../user/a.ts';",
  ],
  'an import below a string that looks like code': [
    'sandbox/a.ts',
    'const a = `${\'`\'}import`; const b = /[\'"`]/;\nimport c, * as d from\n  "../tools/e.ts";',
  ],
  'a path that is handed to something else': ['gateway/a.ts', "new Worker('../services/order/service.ts');"],
};

const RIGHTS: Record<string, [file: string, source: string]> = {
  'a workflow that imports types of a contract': [
    'workflows/a.ts',
    "import type {\n  A,\n} from '../activities/order.ts';",
  ],
  'a workflow that re-exports types of a contract': [
    'workflows/a.ts',
    "export type { A } from '../activities/order.ts';",
  ],
  'a gateway that imports messages': ['gateway/a.ts', "import { A } from '../workflows/messages.ts';"],
  'an express lane that reads the saga’s text': [
    'services/order/express.ts',
    "import { takeSteps } from '../../workflows/steps.ts';",
  ],
  'a service that imports itself': ['services/order/p/a.ts', "import { A } from '../b.ts';"],
  'an import that is only talked about': ['sandbox/a.ts', "// import '../tools/a.ts'\nconst a = \"import '../b'\";"],
  'an export that asks for nothing': [
    'sandbox/a.ts',
    "export const from = 'x';\nexport { from };\nexport type A = 'b';",
  ],
};

describe('the architecture’s rules', () => {
  for (const [what, [file, source]] of Object.entries(BREACHES)) {
    it(`complain of ${what}`, () => assert.equal(complaints(file, source).length, 1));
  }
  for (const [what, [file, source]] of Object.entries(RIGHTS)) {
    it(`let pass ${what}`, () => assert.deepEqual(complaints(file, source), []));
  }
  it('see who reads the environment', () => {
    assert.ok(readsEnvironment('const a = process\n  .env.A;'));
    assert.ok(!readsEnvironment("// process.env\nconst a = 'process.env';"));
  });
});
