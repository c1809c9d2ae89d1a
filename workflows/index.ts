export { orderWorkflow } from './order.ts';
export { returnWorkflow } from './return.ts';
