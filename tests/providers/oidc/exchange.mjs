// Token exchange (RFC 8693), as little of it as a client needs that wants a narrower token for one program or audience.

import { errors } from 'oidc-provider';
import { EXCHANGE } from './clients.mjs';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const PARAMETERS = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'];

/** `servers(resource)` gives what is known of a resource, or throws. */
export function offerExchange(provider, servers) {
  async function exchange(ctx) {
    const { client, params } = ctx.oidc;
    if (params.subject_token_type !== ACCESS_TOKEN) throw new errors.InvalidRequest('an access token is exchanged');
    const subject = await provider.AccessToken.find(params.subject_token);
    if (!subject || subject.clientId !== client.clientId) throw new errors.InvalidGrant('subject token is not known');
    ctx.oidc.entity('AccessToken', subject);

    const wanted = params.scope?.split(' ') ?? [...subject.scopes];
    if (wanted.some((scope) => !subject.scopes.has(scope))) throw new errors.InvalidScope('more than there was', params.scope);
    const token = new provider.AccessToken({
      accountId: subject.accountId,
      client,
      grantId: subject.grantId,
      gty: 'token_exchange',
      scope: wanted.join(' '),
    });
    const target = params.audience ?? params.resource;
    if (target) token.resourceServer = new provider.ResourceServer(target, servers(target));

    ctx.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope: token.scope,
    };
  }
  provider.registerGrantType(EXCHANGE, exchange, PARAMETERS, []);
}
