import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import tls from 'node:tls';
import { z } from 'zod';
import { operation } from '../../../platform/contract/operation.ts';
import { createClient } from '../../../platform/http/client.ts';
import { Connection } from '../../../platform/http/connection.ts';
import { type Certificate, createAuthority } from '../../stage/certificates.ts';
import { eventually } from '../../stage/eventually.ts';
import { freePort } from '../../stage/free-ports.ts';

const operations = { read: operation({ request: z.object({}), response: z.object({ from: z.string() }) }) };

/** Linux answers at every address of 127.0.0.0/8, so each stands for a machine. */
describe('the address of a service that is a name with several IP addresses', () => {
  let port: number;
  let records: readonly string[] | Error;
  let connection: Connection;
  const servers = new Map<string, Server>();
  const hosts = new Set<string | undefined>();

  beforeEach(async () => {
    port = await freePort();
    records = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    for (const ip of records) await start(ip);
    connection = connectionTo(`http://orders.example:${port}/base`);
  });
  afterEach(async () => {
    for (const ip of servers.keys()) await stop(ip);
    hosts.clear();
  });

  async function start(ip: string, certificate?: Certificate): Promise<void> {
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      hosts.add(request.headers.host);
      response.end(JSON.stringify({ from: `${ip}${request.url!}` }));
    };
    const server = certificate ? createTlsServer(certificate, answer) : createServer(answer);
    server.listen(port, ip);
    await once(server, 'listening');
    servers.set(ip, server);
  }

  async function stop(ip: string): Promise<void> {
    const server = servers.get(ip)!;
    servers.delete(ip);
    const closed = once(server, 'close');
    server.closeAllConnections();
    server.close();
    await closed;
  }

  /** Its names are resolved anew with every request. */
  const connectionTo = (...urls: string[]) =>
    new Connection({
      service: 'order',
      urls,
      token: 'the token',
      resolver: {
        everyMs: 0,
        async resolve(hostname) {
          if (hostname !== 'orders.example' || records instanceof Error) throw new Error(`unknown host ${hostname}`);
          return records;
        },
      },
    });

  /** The addresses that answer this many requests, sorted. */
  async function answering(times: number): Promise<string[]> {
    const { read } = createClient(connection, 'requests', operations);
    const answers = [];
    for (let time = 0; time < times; time++) answers.push((await read({})).from);
    return answers.map((from) => from.replace('/base/requests/read', '')).toSorted();
  }

  const addresses = () => connection.state().doors.map(({ address }) => address.replace(`:${port}`, ''));
  const untilKnown = (...expected: string[]) => eventually(() => assert.deepEqual(addresses(), expected));

  it('spreads requests over them, each for the name', async () => {
    await untilKnown('127.0.0.1', '127.0.0.2', '127.0.0.3');
    const each = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    assert.deepEqual(await answering(6), [...each, ...each].toSorted());
    assert.deepEqual([...hosts], [`orders.example:${port}`]);
    assert.deepEqual(
      (await connection.readiness(1_000)).map(({ ready }) => ready),
      [true, true, true],
    );
  });

  it('follows its records as they change', async () => {
    await untilKnown('127.0.0.1', '127.0.0.2', '127.0.0.3');
    records = ['127.0.0.2', '127.0.0.4'];
    await start('127.0.0.4');
    await untilKnown('127.0.0.2', '127.0.0.4');
    assert.deepEqual(await answering(4), ['127.0.0.2', '127.0.0.2', '127.0.0.4', '127.0.0.4']);
  });

  it('loses no request to an address that is dead while its record lives, and stops trying it', async () => {
    await untilKnown('127.0.0.1', '127.0.0.2', '127.0.0.3');
    await stop('127.0.0.2');
    const answers = await answering(30);
    assert.deepEqual([...new Set(answers)], ['127.0.0.1', '127.0.0.3']);
    const { doors, faults } = connection.state();
    assert.equal(doors.find(({ address }) => address.startsWith('127.0.0.2'))!.breaker, 'open');
    assert.equal(faults, 0);
    // A resolution that finds the same records forgets nothing about them.
    await untilKnown('127.0.0.1', '127.0.0.2', '127.0.0.3');
    assert.equal(connection.state().doors[1]!.breaker, 'open');
  });

  it('keeps the last addresses while names are not resolved', async () => {
    await untilKnown('127.0.0.1', '127.0.0.2', '127.0.0.3');
    records = new Error('no answer');
    assert.equal((await answering(3)).length, 3);
    assert.deepEqual(addresses(), ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  });

  it('stays a name with one address of each family, between which the system chooses', async () => {
    await untilKnown('127.0.0.1', '127.0.0.2', '127.0.0.3');
    records = ['127.0.0.1', '::1'];
    await untilKnown('orders.example');
    records = ['::1', '::2', '127.0.0.1'];
    await untilKnown('[::1]', '[::2]');
  });

  it('has a certificate for the name', async () => {
    const authority = await createAuthority();
    const trusted = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...trusted, authority.cert]);
    try {
      port = await freePort();
      const certificate = await authority.issue({ dns: 'orders.example' });
      for (const ip of ['127.0.0.5', '127.0.0.6']) await start(ip, certificate);
      records = ['127.0.0.5', '127.0.0.6'];
      connection = connectionTo(`https://orders.example:${port}/base`);
      await untilKnown('127.0.0.5', '127.0.0.6');
      assert.deepEqual(await answering(2), ['127.0.0.5', '127.0.0.6']);
    } finally {
      tls.setDefaultCACertificates(trusted);
    }
  });

  it('is resolved by the system', async () => {
    connection = new Connection({ service: 'order', urls: [`http://localhost:${port}/base`], token: 'the token' });
    assert.deepEqual(await answering(2), ['127.0.0.1', '127.0.0.1']);
    assert.deepEqual(addresses(), ['localhost']);
  });

  it('is resolved beside addresses that are none', async () => {
    connection = connectionTo('http://127.0.0.3:1', `http://orders.example:${port}`);
    records = ['127.0.0.1', '127.0.0.2'];
    await untilKnown('127.0.0.3:1', '127.0.0.1', '127.0.0.2');
  });
});
