import Router from 'koa-router';
import pg from 'pg';
import { servePlain } from './plain-server.ts';

// A Koa handler with one query: the lower bound for one process.
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
servePlain(router);
