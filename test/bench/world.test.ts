import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { queryAsSuperuser, runAsSuperuser } from '../../bench/race/superuser.ts';
import { type World, openWorld } from '../../bench/race/world.ts';
import { eventually } from '../stage/eventually.ts';
import { scratchFolder } from '../stage/test-run.ts';

const NO_SERVER = { kind: 'dev', executable: '', reason: 'none is needed' } as const;

describe('the world of the bench', () => {
  let world: World;
  let close: () => Promise<void>;
  before(async () => {
    const folder = path.join(scratchFolder(), 'world');
    ({ world, close } = await openWorld({
      folder,
      cache: folder,
      binary: NO_SERVER,
      signal: new AbortController().signal,
    }));
  });
  after(() => close());

  /** Ids of the processes that run on the world's files. */
  const running = () =>
    readdirSync('/proc').filter((name) => {
      try {
        return /^\d+$/.test(name) && statusOf(Number(name)).parent === world.postgresPid;
      } catch {
        return false; // It has just ended.
      }
    });
  const statusOf = (pid: number) => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  };
  const isGone = (pid: number) => {
    try {
      return statusOf(pid).state === 'Z';
    } catch {
      return true;
    }
  };

  it('kills PostgreSQL with all its processes, and starts it again in its place with its data', async () => {
    const { superuserUrl, postgresPid } = world;
    await runAsSuperuser(superuserUrl, ['create table kept (value int)', 'insert into kept values (7)']);
    const client = new pg.Client({ connectionString: superuserUrl });
    const lost = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    const before = [postgresPid, ...running().map(Number)];
    assert.ok(before.length > 4, 'its background processes and the one of the connection');

    await world.killPostgres();
    assert.deepEqual(
      before.filter((pid) => !isGone(pid)),
      [],
    );
    await lost;
    await assert.rejects(runAsSuperuser(superuserUrl, ['select 1']), { code: 'ECONNREFUSED' });

    await world.restartPostgres();
    assert.equal(world.superuserUrl, superuserUrl);
    assert.deepEqual(await queryAsSuperuser(superuserUrl, 'select value from kept'), { value: 7 });
    assert.notEqual(world.postgresPid, postgresPid);
    assert.equal(isGone(world.postgresPid), false);
  });

  it('ends PostgreSQL, also one that was started again or that is killed', async () => {
    await world.killPostgres();
    await world.killPostgres();
    await world.restartPostgres();
    const again = world.postgresPid;
    await world.restartPostgres();
    assert.equal(world.postgresPid, again);
    await close();
    await eventually(() => assert.ok(isGone(again)));
    await close();
  });
});
