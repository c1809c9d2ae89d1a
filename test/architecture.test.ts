import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scratchFolder } from './stage/test-run.ts';

const root = path.join(import.meta.dirname, '..');

const BREACHES: Record<string, [file: string, source: string]> = {
  'a contract that imports plumbing': ['activities/a.ts', "import { a } from '../platform/database/connection.ts';"],
  'a contract that imports a file of platform': ['activities/a.ts', "import { a } from '../platform/config.ts';"],
  'a contract that imports a service': ['activities/a.ts', "import { a } from '../services/order/a.ts';"],
  'a contract that does I/O': ['activities/a.ts', "import { readFile } from 'node:fs/promises';"],
  'a contract that knows Temporal': ['activities/a.ts', "import type { Duration } from '@temporalio/common';"],
  'a workflow that imports values of a contract': ['workflows/a.ts', "import { a } from '../activities/order.ts';"],
  'a workflow, one folder down, that imports values of a contract': [
    'workflows/order/a.ts',
    "import { a } from '../../activities/order.ts';",
  ],
  'a workflow that loads a contract for a type': ['workflows/a.ts', "import { type A } from '../activities/order.ts';"],
  'a workflow that re-exports a contract': ['workflows/a.ts', "export * from '../activities/order.ts';"],
  'a workflow that imports a service': ['workflows/a.ts', "import type { A } from '../services/order/a.ts';"],
  'a workflow that imports plumbing': ['workflows/a.ts', "import type { A } from '../platform/context.ts';"],
  'a workflow that imports zod': ['workflows/a.ts', "import { z } from 'zod';"],
  'a service that imports another': ['services/order/a.ts', "import type { B } from '../payment/b.ts';"],
  'a service whose name starts like another’s': ['services/user/a.ts', "import '../users/b.ts';"],
  'a service that imports workflows': ['services/order/a.ts', "import { a } from '../../workflows/order/workflow.ts';"],
  'a service that imports the gateway': ['services/order/a.ts', "import type { A } from '../../gateway/app.ts';"],
  'an express lane that imports more than the saga’s text': [
    'services/order/express.ts',
    "import { a } from '../../workflows/saga/saga.ts';",
  ],
  'a service’s port that imports another service': ['services/order/p/a.ts', "import '../../user/b.ts';"],
  'an entry point that names a service': ['services/main.ts', "import { order } from './order/service.ts';"],
  'a gateway that runs a workflow’s code': ['gateway/a.ts', "import { a } from '../workflows/saga/saga.ts';"],
  'a gateway that imports a service': ['gateway/orders/a.ts', "import type { A } from '../../services/user/a.ts';"],
  'plumbing that knows a contract': ['platform/telemetry/a.ts', "import type { A } from '../../activities/order.ts';"],
  'plumbing that imports a service when asked': ['platform/a.ts', "void import('../services/order/service.ts');"],
  'plumbing that imports messages': ['platform/a.ts', "import { a } from '../workflows/order/messages.ts';"],
  'plumbing that imports the gateway': ['platform/a.ts', "export { a } from '../gateway/app.ts';"],
  'a sandbox that imports a contract': ['sandbox/a.ts', "import type { A } from '../activities/money.ts';"],
  'a sandbox that imports what it judges': ['sandbox/a.ts', "import '../services/payment/processor.ts';"],
  'a tool that imports the sandbox': ['tools/a.ts', "import type { A } from '../sandbox/sqlite.ts';"],
  'a tool that imports a service': ['tools/import.ts', "import '../services/recommendation/ranking.ts';"],
  'the evaluator where it imports another service': [
    'tools/recommend-eval/evaluate.ts',
    "import '../../services/order/views.ts';",
  ],
  'reconcile where it imports another service': ['tools/reconcile.ts', "import '../services/payment/ledger.ts';"],
  'reconcile where it imports more of the order service': [
    'tools/reconcile.ts',
    "import '../services/order/views.ts';",
  ],
  'a tool that imports the gateway': ['tools/a.ts', "import { a } from '../gateway/app.ts';"],
  'a tool that imports tests': ['tools/a.ts', "import { a } from '../test/stage/eventually.ts';"],
  'a bench that imports tests': ['bench/race/a.ts', "import { a } from '../../test/stage/eventually.ts';"],
  'a file that reads the environment': ['gateway/orders/a.ts', 'export const a = process.env.A;'],
  'a file that hides where it reads the environment': ['gateway/a.ts', "import { env } from 'node:process';"],
  'a multi-line import of types': [
    'services/order/a.ts',
    "import type {\n  A, // of 'user'\n  B as C,\n} from '../user/a.ts';",
  ],
};

const RIGHTS: Record<string, [file: string, source: string]> = {
  'a contract that imports another, zod and the shape of a contract': [
    'activities/a.ts',
    "import { z } from 'zod';\nimport { a } from './b.ts';\nimport { c } from '../platform/contract/operation.ts';",
  ],
  'a workflow that imports types of a contract': [
    'workflows/order/a.ts',
    "import type {\n  A,\n} from '../../activities/order.ts';",
  ],
  'a workflow that re-exports types of a contract': [
    'workflows/a.ts',
    "export type { A } from '../activities/order.ts';",
  ],
  'a gateway that imports messages and the registry': [
    'gateway/a.ts',
    "import { a } from '../workflows/order/messages.ts';\nimport { b } from '../services/registry.ts';",
  ],
  'a service that imports messages, the registry and itself': [
    'services/order/a.ts',
    "import { a } from '../../workflows/order/messages.ts';\nimport { b } from '../registry.ts';\nimport { c } from './p/c.ts';",
  ],
  'a service’s port that imports its service': ['services/order/p/a.ts', "import { a } from '../b.ts';"],
  'an express lane that reads the saga’s text': [
    'services/order/express.ts',
    "import { a } from '../../workflows/order/steps.ts';",
  ],
  'reconcile where it compares as the order service does': [
    'tools/reconcile.ts',
    "import { a } from '../services/order/reconcile/compare.ts';",
  ],
  'an entry point that reads the environment': ['gateway/main.ts', 'export const a = process.env.A;'],
  'an import that is only talked about': ['sandbox/a.ts', "// import '../tools/a.ts'\nconst a = \"import '../b'\";"],
};

const RULES = ['no-restricted-imports', 'no-process-env', 'no-import-type-side-effects'];

/** Which of these files the rules of .oxlintrc.json complain of. Each has a project of its own: many are named alike. */
function complainedOf(cases: readonly { name: string; file: string; source: string }[]): Set<string> {
  const folder = mkdtempSync(path.join(scratchFolder(), 'architecture-'));
  for (const [number, { file, source }] of cases.entries()) {
    const project = path.join(folder, String(number));
    mkdirSync(path.join(project, path.dirname(file)), { recursive: true });
    copyFileSync(path.join(root, '.oxlintrc.json'), path.join(project, '.oxlintrc.json'));
    writeFileSync(path.join(project, file), source);
  }
  const { diagnostics } = JSON.parse(oxlint(folder)) as { diagnostics: { code: string; filename: string }[] };
  const numbers = diagnostics
    .filter(({ code }) => RULES.some((rule) => code.includes(rule)))
    .map(({ filename }) => Number(path.relative(folder, path.resolve(folder, filename)).split(path.sep)[0]));
  return new Set(numbers.map((number) => cases[number]!.name));
}

function oxlint(folder: string): string {
  const program = path.join(root, 'node_modules/.bin/oxlint');
  try {
    return execFileSync(program, ['--format=json'], { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    // It exits with 1 where there is something to complain of.
    return (error as { stdout: string }).stdout;
  }
}

describe('the rules of who may import what', () => {
  let complained: Set<string>;
  before(() => {
    const cases = Object.entries({ ...BREACHES, ...RIGHTS });
    complained = complainedOf(cases.map(([name, [file, source]]) => ({ name, file, source })));
  });

  for (const name of Object.keys(BREACHES)) {
    it(`complain of ${name}`, () => assert.ok(complained.has(name)));
  }
  for (const name of Object.keys(RIGHTS)) {
    it(`let pass ${name}`, () => assert.ok(!complained.has(name)));
  }
});
