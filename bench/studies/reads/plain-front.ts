import Router from 'koa-router';
import { Agent } from 'undici';
import { servePlain } from './plain-server.ts';

// A Koa handler that forwards each read to plain-handler.ts: the lower bound for two processes.
const origin = process.env.PLAIN_ORIGIN!;
const agent = new Agent();
const router = new Router();
router.get(['/orders/:id', '/products/:sku'], async (ctx) => {
  const { statusCode, body } = await agent.request({ origin, path: ctx.path, method: 'GET' });
  ctx.status = statusCode;
  ctx.body = await body.json();
});
servePlain(router);
