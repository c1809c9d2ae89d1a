export { up } from '../../../../../../services/inventory/migrations/002_low_stock.ts';
