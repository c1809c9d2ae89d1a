import { serveOrders } from './front.ts';
import { placeOrder } from './saga.ts';
import { stepsOverHttp } from './services.ts';

// No durability: a handler calls one service after the other, and a crash loses its state.
await serveOrders(async () => {
  const steps = stepsOverHttp(process.env);
  return { place: (order) => placeOrder(order, steps) };
});
