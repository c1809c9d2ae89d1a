export interface Whereabouts {
  apiUrl: string;
  metricsUrl: string;
  /** Undefined where somebody else's Temporal is used. */
  temporalUiUrl: string | undefined;
  temporalAddress: string;
  adminEmail: string;
  /** Shown only where it is new; undefined otherwise. */
  newAdminPassword: string | undefined;
  secretsFile: string;
  logs: string;
}

/** What to know once everything runs: where things are, how to sign in, and how to place an order. */
export const welcome = (place: Whereabouts): string => `
  API                 ${place.apiUrl}
  its documentation   ${place.apiUrl}/docs
  Temporal Web UI     ${place.temporalUiUrl ?? `of the server at ${place.temporalAddress}`}
  metrics             ${place.metricsUrl}
  logs                ${place.logs}
  admin               ${place.adminEmail}, password ${place.newAdminPassword ?? `as given or printed at the first start (${place.secretsFile})`}

Sign up, sign in and place an order (paste it as it is):

${orderByCurl(place.apiUrl)}
`;

/** Lines for any POSIX shell with curl and sed. Each time it is another customer, so it can be pasted again. */
export const orderByCurl = (apiUrl: string): string =>
  [
    `api=${apiUrl}/v1 json='content-type: application/json' me="me-$(date +%s)@example.com"`,
    `curl -sS $api/users -H "$json" -d '{"email":"'$me'","password":"correct horse","name":"Me"}'; echo`,
    `token=$(curl -sS $api/sessions -H "$json" -d '{"email":"'$me'","password":"correct horse"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS $api/orders -H "$json" -H "authorization: Bearer $token" -H "idempotency-key: first-$me" -H 'prefer: wait=10' -d '{"lines":[{"sku":"MUG-BLUE","quantity":2}],"paymentMethod":"pm_card_visa","shippingAddress":{"name":"Me","line1":"1 High Street","city":"London","postalCode":"N1 9GU","country":"GB"}}'; echo`,
  ].join('\n');
