// What `bench/studies/reads.ts` measures against: the least that can be called a service, a Koa handler with one query.
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import Router from 'koa-router';
import pg from 'pg';

const pools = {
  orders: new pg.Pool({ connectionString: process.env.PLAIN_ORDER_URL, max: 10 }),
  products: new pg.Pool({ connectionString: process.env.PLAIN_PRODUCT_URL, max: 10 }),
};
const router = new Router();
router.get('/orders/:id', async (ctx) => {
  ctx.body = (await pools.orders.query('select * from orders where id = $1', [ctx.params.id])).rows[0];
});
router.get('/products/:sku', async (ctx) => {
  ctx.body = (await pools.products.query('select * from products where sku = $1', [ctx.params.sku])).rows[0];
});
const app = new Koa();
app.use(router.routes() as Koa.Middleware);
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`plain http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('disconnect', () => process.exit(0));
