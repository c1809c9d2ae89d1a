export { up } from '../../../../../../services/shipping/migrations/002_identify_movements_by_content.ts';
