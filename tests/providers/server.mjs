#!/usr/bin/env node
// A certified OpenID provider (panva's oidc-provider) with clients and lifetimes that the tests know.
//
//   node server.mjs        listens on a free port of 127.0.0.1 and prints one line: {"issuer":"http://127.0.0.1:PORT"}
//
// Everything is in memory. Beside the provider's own endpoints:
//   GET /test/requests     what clients asked so far: [{"path":..,"grant_type":..,"client":..,"status":..,"error":..}]

import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';

// Node 20 has everything the provider needs but this (Node 22 brought it).
URL.parse ??= (...parts) => {
  try {
    return new URL(...parts);
  } catch {
    return null;
  }
};
const { Provider } = await import('oidc-provider');

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
/** Seconds that access tokens live: long enough to look at them, or so short that they are seen to be refreshed. */
const LIVES = 120;
const LIVES_SHORT = 6;
const SHORT_LIVED = ['native-short', 'native-burst'];

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

function client(client_id, more) {
  return {
    client_id,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', DEVICE],
    response_types: ['code'],
    // Native loopback redirects match on any port (RFC 8252 7.3).
    redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback', 'http://[::1]/callback'],
    ...more,
  };
}

const confidential = (client_id, client_secret, token_endpoint_auth_method) =>
  client(client_id, { client_secret, token_endpoint_auth_method });

const clients = [
  client('native'),
  client('native-short'),
  client('native-burst'),
  client('native-hasty'),
  client('native-par', { require_pushed_authorization_requests: true }),
  confidential('basic', 'basic-secret', 'client_secret_basic'),
  confidential('guarded', 'guarded-secret', 'client_secret_basic'),
  confidential('post', 'post-secret', 'client_secret_post'),
  // Wrong unless form-urlencoded before base64 (RFC 6749 2.3.1).
  confidential('odd client:id+1', 's3cr:t w%2Bith/odd=&~', 'client_secret_basic'),
  // Asks about tokens, as a resource server would.
  { client_id: 'watcher', client_secret: 'watcher-secret', grant_types: [], response_types: [], redirect_uris: [] },
];

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'only' };
}

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [signingKey()] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  // Otherwise tokens would live fifteen seconds longer than they say.
  clockTolerance: 0,
  scopes: ['openid', 'offline_access', 'email', 'profile'],
  // ID tokens carry the claims of their scopes, as most providers' do.
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  async findAccount(_, id) {
    const claims = { sub: id, name: id, email: `${id}@example.test`, email_verified: true };
    return { accountId: id, claims: () => claims };
  },
  rotateRefreshToken: true,
  issueRefreshToken: (_, owner) => owner.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  features: {
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    pushedAuthorizationRequests: { enabled: true },
  },
  ttl: {
    AccessToken: (_, token, owner) => (SHORT_LIVED.includes(owner.clientId) ? LIVES_SHORT : LIVES),
    RefreshToken: 3600,
    DeviceCode: (_, code, owner) => (owner.clientId === 'native-hasty' ? 2 : 300),
    AuthorizationCode: 60,
    IdToken: 3600,
    Interaction: 3600,
    Session: 3600,
    Grant: 86400,
  },
});

const requests = [];
provider.use(async (ctx, next) => {
  if (ctx.path === '/test/requests') {
    ctx.body = requests;
  } else {
    await next();
    note(ctx);
  }
});

function note(ctx) {
  if (!['/token', '/token/revocation', '/token/introspection', '/request'].includes(ctx.path)) return;
  requests.push({
    path: ctx.path,
    grant_type: ctx.oidc?.params?.grant_type,
    client: ctx.oidc?.client?.clientId,
    status: ctx.status,
    error: ctx.body?.error,
  });
}

provider.on('server_error', (_, error) => console.error('server_error', error));
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer }));

function leave() {
  server.close();
  server.closeAllConnections();
  process.exit(0);
}
process.on('SIGTERM', leave);
process.on('SIGINT', leave);
