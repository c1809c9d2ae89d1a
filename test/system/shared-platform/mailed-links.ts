import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { apiClient, expectStatus } from '../../stage/api-client.ts';
import { eventually } from '../../stage/eventually.ts';
import { mailedTokens } from '../../stage/service-logs.ts';
import { type ShopUser, PASSWORD, newCustomer, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const NEW_PASSWORD = 'staple correct battery horse';
const TIMEOUT_MS = 60_000;
const POLL_MS = 100;

describe('a link in an e-mail', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  let ada: ShopUser;
  let admin: ShopUser;
  let email: string;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    ({ email } = await expectStatus(200, ada.api.GET('/v1/users/me')));
  });

  /** The text of the customer's mail with this template. */
  const mailOf = (template: string): Promise<string> =>
    eventually(
      async () => {
        const query = { limit: 100 };
        const { items } = await expectStatus(200, admin.api.GET('/v1/admin/mailbox', { params: { query } }));
        const mail = items.find((one) => one.template === template && one.customerId === ada.id);
        assert.equal(mail?.state, 'kept');
        return mail.text!;
      },
      TIMEOUT_MS,
      POLL_MS,
    );

  it('sets a new password, and ends the sessions at the gateway', async () => {
    const anyone = apiClient(platform.api);
    for (const address of [`${randomUUID()}@example.com`, email]) {
      await expectStatus(202, anyone.POST('/v1/password-resets', { body: { email: address } }));
    }
    assert.match(await mailOf('password-reset'), /choose it here: \[link\]\n/);
    const tokens = mailedTokens(platform, 'pr', ada.id);
    assert.equal(tokens.length, 1);
    const reset = (token: string) =>
      anyone.POST('/v1/password-resets/{token}', { params: { path: { token } }, body: { password: NEW_PASSWORD } });
    await expectStatus(204, reset(tokens[0]!));
    await expectStatus(404, reset(tokens[0]!));
    await expectStatus(401, anyone.POST('/v1/sessions', { body: { email, password: PASSWORD } }));
    await expectStatus(201, anyone.POST('/v1/sessions', { body: { email, password: NEW_PASSWORD } }));
    await eventually(() => expectStatus(401, ada.api.GET('/v1/users/me')), TIMEOUT_MS, POLL_MS);
  });
});
