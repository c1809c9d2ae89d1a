// Mocha may run each test file in its own process. These files share one platform, since a start takes 8 s.
import './shared-platform/orders.ts';
import './shared-platform/cart.ts';
import './shared-platform/returns.ts';
import './shared-platform/confirmations.ts';
import './shared-platform/refunds.ts';
import './shared-platform/stray-parcels.ts';
import './shared-platform/desk.ts';
import './shared-platform/webhooks.ts';
import './shared-platform/staff.ts';
import './shared-platform/roles.ts';
import './shared-platform/mailed-links.ts';
import './shared-platform/guests.ts';
import './shared-platform/sandbox-tables.ts';
import './shared-platform/standstill.ts';
import './shared-platform/bad-start.ts';
import './shared-platform/crashes.ts';
import './shared-platform/reconcile.ts';
