import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import winston from 'winston';
import { Connection } from '../../../platform/http/connection.ts';
import { afterFirstContact } from '../../../platform/http/first-contact.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { eventually } from '../../stage/eventually.ts';

describe('work that calls another service', () => {
  const logger = winston.createLogger({ silent: true });
  let lines: string[];
  let port: number;
  let runs: number;
  const start = () => {
    runs += 1;
    return { close: async () => void (runs = 0) };
  };
  const connect = () => new Connection({ service: 'order', urls: [`http://127.0.0.1:${port}`], token: 'token' });

  beforeEach(async () => {
    runs = 0;
    lines = [];
    logger.on('data', ({ message }: { message: string }) => lines.push(message));
    ({ port } = await freePorts('port'));
  });
  afterEach(() => void logger.removeAllListeners('data'));

  it('starts quietly when the service responds for the first time, ready or not, and is closed with it', async () => {
    const work = afterFirstContact(connect(), logger, start);
    const server = createServer((_, response) => response.writeHead(503).end());
    try {
      await assert.rejects(fetch(`http://127.0.0.1:${port}/livez`));
      assert.equal(runs, 0);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      await eventually(() => assert.equal(runs, 1));
      await work.close();
      assert.equal(runs, 0);
      assert.deepEqual(lines, []);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('never starts if it is closed before', async () => {
    const work = afterFirstContact(connect(), logger, start);
    await work.close();
    assert.equal(runs, 0);
  });
});
