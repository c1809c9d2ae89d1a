import { serveOrders } from './front.ts';
import { placeOrder } from './saga.ts';
import { stepsOverHttp } from './services.ts';

// No durability at all: a handler awaits one service after the other, and what it knew dies with it.
await serveOrders(async () => {
  const steps = stepsOverHttp(process.env);
  return (order) => placeOrder(order, steps);
});
