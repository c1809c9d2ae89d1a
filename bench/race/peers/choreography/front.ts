import { postgresUrl, readConfig } from '../../../../platform/config.ts';
import { connect } from '../../../../platform/database/connection.ts';
import { serveOrders } from '../front.ts';
import { createOrders, orderService } from './order.ts';

// The order process: clients place orders at the front, participants read its feed at the order service's own port.
await serveOrders(async () => {
  const { ORDER_DATABASE_URL } = readConfig({ ORDER_DATABASE_URL: postgresUrl });
  const orders = createOrders(connect(ORDER_DATABASE_URL));
  const running = await orderService(orders).start(process.env);
  return { place: orders.place, close: () => running.close() };
});
