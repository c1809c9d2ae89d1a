export { createInbox as up } from '../create-events.ts';
