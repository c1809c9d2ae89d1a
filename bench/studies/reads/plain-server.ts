import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type Router from 'koa-router';

/** Serves the routes on a free port, prints its address, and ends with the process that started it. */
export function servePlain(router: Router): void {
  const app = new Koa();
  app.use(router.routes() as Koa.Middleware);
  const server = app.listen(0, '127.0.0.1', () => {
    process.stdout.write(`plain http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
  process.once('disconnect', () => process.exit(0));
}
