export { up } from '../../migrations/001_create_orders.ts';
