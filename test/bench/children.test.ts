import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Plan, Processes, type ProcessesOptions, node } from '../../bench/race/children.ts';
import { eventually } from '../stage/eventually.ts';
import { scratchFolder } from '../stage/test-run.ts';

/** Records that it was started, and then a heartbeat; a child process of its own, which ends with it, does the same. */
const PROGRAM = `
  const { appendFileSync } = require('node:fs');
  const { fork } = require('node:child_process');
  const [file, role] = process.argv.slice(-2);
  if (role === 'parent') fork(process.env.PROGRAM_FILE, [file + '-child', 'child'], { env: process.env });
  console.log(role, 'started with', process.env.SETTING);
  process.on('SIGTERM', () => { console.log('stopped in order'); process.exit(); });
  process.on('disconnect', () => process.exit());
  appendFileSync(file, 'started ' + process.pid + '\\n');
  setInterval(() => appendFileSync(file, 'beat\\n'), 5);
`;

describe('the processes of a system', () => {
  let folder: string;
  let processes: Processes;
  let file: string;
  let program: string;
  const open = (options?: ProcessesOptions) => {
    processes = new Processes(path.join(folder, 'logs'), new AbortController().signal, options);
  };
  beforeEach(() => {
    folder = path.join(scratchFolder(), 'children');
    rmSync(folder, { recursive: true, force: true });
    open();
    file = path.join(folder, 'beats');
    program = path.join(folder, 'program.cjs');
    writeFileSync(program, PROGRAM);
  });
  afterEach(() => processes.close());

  const plan = (difference: Partial<Plan> = {}): Plan => ({
    name: 'inventory',
    command: node(program, file, 'parent'),
    environment: { PROGRAM_FILE: program, SETTING: '1' },
    ready: async (pid) => assert.match(contentOf(file), new RegExp(`^started ${pid}$`, 'm')),
    ...difference,
  });
  const contentOf = (name: string) => (existsSync(name) ? readFileSync(name, 'utf8') : '');
  const log = () => readFileSync(path.join(folder, 'logs/inventory.log'), 'utf8');
  /** Resolves when the process has written another heartbeat. */
  async function beats(name: string): Promise<void> {
    const before = contentOf(name);
    await eventually(() => assert.notEqual(contentOf(name), before));
  }
  /** Resolves once it writes nothing while `another`, of the same pace, writes several heartbeats. */
  const silent = (name: string, another: string): Promise<void> =>
    eventually(async () => {
      const before = contentOf(name);
      for (let beat = 0; beat < 10; beat += 1) await beats(another);
      assert.equal(contentOf(name), before);
    }, 5_000);

  it('kill one with its descendants, and start it again with the same plan and log', async () => {
    const other = path.join(folder, 'others');
    await processes.startAll([
      plan(),
      plan({ name: 'other', command: node(program, other, 'alone'), ready: () => beats(other) }),
    ]);
    await beats(`${file}-child`);
    const { inventory: first } = processes.pids();
    await processes.kill('inventory');
    assert.deepEqual(Object.keys(processes.pids()), ['other']);
    await silent(file, other);
    await silent(`${file}-child`, other);

    await processes.restart('inventory');
    const { inventory: second } = processes.pids();
    assert.notEqual(second, first);
    assert.match(contentOf(file), new RegExp(`started ${first}\n[^]*started ${second}\n`));
    assert.equal(log().match(/parent started with 1/g)!.length, 2);
  });

  it('stop one that was started again, and forget the one before', async () => {
    await processes.start(plan());
    await processes.kill('inventory');
    await processes.restart('inventory');
    await processes.close();
    assert.equal(log().match(/stopped in order/g)!.length, 1);
    assert.deepEqual(processes.pids(), {});
  });

  it('freeze one with its descendants until it is thawed', async () => {
    const other = path.join(folder, 'others');
    await processes.startAll([
      plan(),
      plan({ name: 'other', command: node(program, other, 'alone'), ready: () => beats(other) }),
    ]);
    await beats(`${file}-child`);
    processes.freeze('inventory');
    await silent(file, other);
    await silent(`${file}-child`, other);
    processes.thaw('inventory');
    await beats(file);
    await beats(`${file}-child`);
  });

  it('stop one that is frozen in order, and kill one that is frozen', async () => {
    await processes.start(plan());
    processes.freeze('inventory');
    await processes.kill('inventory');
    await processes.restart('inventory');
    processes.freeze('inventory');
    await processes.close();
    assert.match(log(), /stopped in order/);
  });

  it('refuse to start one again that runs, and to kill one that there is not', async () => {
    await processes.start(plan());
    await assert.rejects(processes.restart('inventory'), /inventory is running/);
    await assert.rejects(processes.kill('payment'), /there is no process payment/);
  });

  it('report a start that a kill has overtaken, and no other', async () => {
    const never = plan({ ready: () => Promise.reject(new Error('never')) });
    const starting = processes.start(never);
    await Promise.all([assert.rejects(starting, /inventory ended/), processes.kill('inventory')]);
    const restarting = processes.restart('inventory');
    await Promise.all([assert.rejects(restarting, /inventory ended/), processes.kill('inventory')]);
  });

  it('kill one that had no check whether it is ready, without an error later', async () => {
    const { ready: _none, ...unchecked } = plan();
    await processes.start(unchecked);
    await processes.kill('inventory');
    assert.deepEqual(processes.pids(), {});
  });

  it('start each plan as it is rewired, also again', async () => {
    open({ rewire: (plan) => ({ ...plan, environment: { ...plan.environment, SETTING: '2' } }) });
    await processes.start(plan());
    await processes.kill('inventory');
    await processes.restart('inventory');
    assert.equal(log().match(/parent started with 2/g)!.length, 2);
  });
});
