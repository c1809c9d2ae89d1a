export { up } from '../../../../../../services/shipping/migrations/001_create_shipping.ts';
