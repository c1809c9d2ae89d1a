export { up } from '../../../../../../services/inventory/migrations/001_create_inventory.ts';
