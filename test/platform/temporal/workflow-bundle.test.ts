import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { workflowBundle } from '../../../platform/temporal/workflow-bundle.ts';
import { scratchFolder } from '../../stage/test-run.ts';

const root = path.join(import.meta.dirname, '../../..');

// What a module declares at its top level (not indented, as Prettier leaves it), or in a class for all instances, and can
// change afterwards.
const STATE = [
  /^(?:export )?(?:let|var)\b/,
  /^(?:export )?const \w+(?:: (?!Readonly)[^=]+)? = (?:new (?:Weak)?(?:Map|Set)\b|\[\]|\{\})/,
  /^\s+static (?!readonly )(?:#?\w+)[^(]*;/,
];
// The results of a pure function, kept: it does not matter which workflow asked first.
const MEMOS = ['activities/money-in-words.ts: const formats = new Map<string, Intl.NumberFormat>();'];

const stateIn = (source: string) => source.split('\n').filter((line) => STATE.some((pattern) => pattern.test(line)));

/** The bundle's modules by name, and those that are evaluated before a thread's first workflow. */
function modulesOf(code: string): { all: string[]; preloaded: Set<string> } {
  const preloaded = new Set<string>();
  const set = (cache: Record<string, unknown>, name: string, module: unknown) => {
    preloaded.add(name);
    cache[name] = module;
    return true;
  };
  // As the SDK prepares the context that all workflows of a thread share (its ReusableVMWorkflowCreator).
  const context = createContext({ URL, URLSearchParams, assert, TextEncoder, TextDecoder, AbortController });
  Object.defineProperty(context, '__webpack_module_cache__', { value: new Proxy({}, { set }) });
  runInContext(code, context);
  runInContext('__TEMPORAL__.preloadModules()', context);
  return { all: [...code.matchAll(/^\/\*{3}\/ "\.\/(.+)"$/gm)].map(([, name]) => name!), preloaded };
}

describe('the workflow bundle', function () {
  this.timeout(60_000);

  describe('whose modules all workflows of a thread share', () => {
    let all: string[];
    let preloaded: Set<string>;
    before(async () => {
      const { codePath } = await workflowBundle(mkdtempSync(path.join(scratchFolder(), 'bundle-')));
      ({ all, preloaded } = modulesOf(readFileSync(codePath, 'utf8')));
    });

    it('has each of them evaluated before the first workflow starts', () => {
      assert.ok(all.includes('workflows/order/workflow.ts'));
      const ours = all.filter((name) => /^(?:workflows|activities)\/.*\.ts$/.test(name));
      assert.deepEqual(
        ours.filter((name) => !preloaded.has(`./${name}`)),
        [],
      );
    });

    it('has none with state that one workflow could leave to another', () => {
      const stateful = all
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => stateIn(readFileSync(path.join(root, name), 'utf8')).map((line) => `${name}: ${line}`));
      assert.deepEqual(stateful, MEMOS);
    });

    for (const line of [
      'let last = 0;',
      'export let last = 0;',
      'const seen: string[] = [];',
      'const seen = new Set<string>();',
      'export const counts = new Map();',
      'const counts: Map<string, number> = new Map([]);',
      'const byName: Record<string, number> = {};',
      '  static last = 0;',
      '  static #seen: string[] = [];',
    ]) {
      it(`would be found with \`${line.trim()}\``, () => assert.deepEqual(stateIn(line), [line]));
    }

    for (const line of [
      "const KINDS: ReadonlySet<string> = new Set(['a']);",
      'const LIMIT = 3;',
      "export const task = defineSignal<[string]>('task');",
      '  static readonly LIMIT = 3;',
      '  static of(value: string): Task {',
      '  let left = 3;',
      'const counts = (of: string) => new Map();',
    ]) {
      it(`may have \`${line.trim()}\``, () => assert.deepEqual(stateIn(line), []));
    }
  });

  it('is built once for concurrent callers, and cached', async () => {
    const cache = mkdtempSync(path.join(scratchFolder(), 'bundle-'));
    const [{ codePath }, other] = await Promise.all([workflowBundle(cache), workflowBundle(cache)]);
    assert.equal(other.codePath, codePath);
    assert.ok(path.isAbsolute(codePath));
    assert.deepEqual(readdirSync(cache), [path.basename(codePath)]);
    utimesSync(codePath, 1, 1);
    assert.deepEqual(await workflowBundle(cache), { codePath });
    assert.equal(statSync(codePath).mtimeMs, 1000, 'it was rebuilt although nothing had changed');
  });
});
