// The least that two processes cost: a Koa handler that hands each read on to `plain-handler.ts` and its answer back.
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import Router from 'koa-router';
import { Agent } from 'undici';

const origin = process.env.PLAIN_ORIGIN!;
const agent = new Agent();
const router = new Router();
router.get(['/orders/:id', '/products/:sku'], async (ctx) => {
  const { statusCode, body } = await agent.request({ origin, path: ctx.path, method: 'GET' });
  ctx.status = statusCode;
  ctx.body = await body.json();
});
const app = new Koa();
app.use(router.routes() as Koa.Middleware);
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`plain http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('disconnect', () => process.exit(0));
