#!/usr/bin/env node
// A certified OpenID provider (panva's oidc-provider) with clients and lifetimes that the tests know.
//
//   node server.mjs        listens on a free port of 127.0.0.1 and prints one line: {"issuer":"http://127.0.0.1:PORT"}
//
// Everything is in memory. Beside the provider's own endpoints:
//   GET /test/requests     what clients asked so far: [{"path":..,"grant_type":..,"client":..,"status":..,"error":..}]
//   GET /test/keys         private keys of clients that sign in by one: {"CLIENT":{"id":..,"pem":..}}

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
const { Provider, errors } = await import('oidc-provider');
const { clients, clientKeys, HASTY, REFUSED, SHORT_LIVED, TELLS_LATE, WANTS_NONCE, WITHOUT_PKCE } = await import('./clients.mjs');
const { offerExchange } = await import('./exchange.mjs');

/** Seconds that access tokens live: long enough to look at them, or so short that they are seen to be refreshed. */
const LIVES = 120;
const LIVES_SHORT = 6;
/** What whoever registers a client has to bring (RFC 7591 3). */
const REGISTRATION_TOKEN = 'initial-access-token-of-the-tests';
/** What tokens may be for (RFC 8707), by the format of its tokens. */
const RESOURCES = { 'https://api.example.test/jwt': 'jwt', 'https://api.example.test/opaque': 'opaque' };

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

function signingKey(alg, type, shape) {
  const { privateKey } = generateKeyPairSync(type, shape);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg.toLowerCase() };
}

function resource(name) {
  if (!RESOURCES[name]) throw new errors.InvalidTarget('nobody knows that resource');
  return { scope: 'api:read api:write', accessTokenFormat: RESOURCES[name], accessTokenTTL: LIVES, audience: name };
}

const provider = new Provider(issuer, {
  clients,
  jwks: {
    keys: [
      signingKey('RS256', 'rsa', { modulusLength: 2048 }),
      signingKey('ES256', 'ec', { namedCurve: 'P-256' }),
    ],
  },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  // Otherwise tokens would live fifteen seconds longer than they say.
  clockTolerance: 0,
  scopes: ['openid', 'offline_access', 'email', 'profile', 'api:read', 'api:write'],
  // ID tokens carry the claims of their scopes, as most providers' do.
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  async findAccount(ctx, id) {
    const claims = { sub: id, name: id, email: `${id}@example.test`, email_verified: true };
    const late = TELLS_LATE.includes(ctx.oidc?.client?.clientId);
    return { accountId: id, claims: (use) => (late && use === 'id_token' ? { sub: id } : claims) };
  },
  pkce: { required: (_, client) => client.clientAuthMethod === 'none' && !WITHOUT_PKCE.includes(client.clientId) },
  rotateRefreshToken: true,
  issueRefreshToken: (_, owner) => owner.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: {
      enabled: true,
      nonceSecret: randomBytes(32),
      // The resource wants one of everybody (RFC 9449 9).
      requireNonce: (ctx) => ctx.path === '/me' || WANTS_NONCE.includes(ctx.oidc?.client?.clientId),
    },
    introspection: { enabled: true, allowedPolicy: () => true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true, initialAccessToken: REGISTRATION_TOKEN },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, name) => resource(name),
      useGrantedResource: () => true,
    },
    revocation: { enabled: true },
  },
  ttl: {
    AccessToken: (_, token, owner) => (SHORT_LIVED.includes(owner.clientId) ? LIVES_SHORT : LIVES),
    ClientCredentials: LIVES,
    RefreshToken: 3600,
    DeviceCode: (_, code, owner) => (HASTY.includes(owner.clientId) ? 2 : 300),
    AuthorizationCode: 60,
    IdToken: 3600,
    Interaction: 3600,
    Session: 3600,
    Grant: 86400,
  },
});
offerExchange(provider, resource);

const requests = [];
/** Pushed authorization requests, by the address that stands for them (RFC 9126 2.2). */
const pushed = new Map();
const NOTED = ['/token', '/token/revocation', '/token/introspection', '/request', '/reg', '/me', '/jwks'];

provider.use(async (ctx, next) => {
  if (ctx.path === '/test/requests') {
    ctx.body = requests;
  } else if (ctx.path === '/test/keys') {
    ctx.body = Object.fromEntries(Object.entries(clientKeys).map(pem));
  } else if (ctx.path === '/auth' && REFUSED[ctx.query.client_id]) {
    refuse(ctx, REFUSED[ctx.query.client_id]);
  } else {
    await next();
    if (ctx.path === '/request' && ctx.status === 201) pushed.set(ctx.body.request_uri, ctx.oidc.params);
    note(ctx);
  }
});

function pem([name, { id, privateKey }]) {
  return [name, { id, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) }];
}

/** Sends the browser back with what the person would have to do first (OpenID Connect Core 3.1.2.6). */
function refuse(ctx, error) {
  const { redirect_uri, state } = pushed.get(ctx.query.request_uri) ?? ctx.query;
  const back = new URL(redirect_uri);
  back.search = new URLSearchParams({ error, state, iss: issuer });
  ctx.redirect(back.href);
}

function note(ctx) {
  if (!NOTED.some((path) => ctx.path === path || ctx.path.startsWith('/reg/'))) return;
  const { oidc } = ctx;
  requests.push({
    path: ctx.path,
    method: ctx.method,
    grant_type: oidc?.params?.grant_type,
    client: oidc?.client?.clientId ?? ctx.body?.client_id,
    status: ctx.status,
    error: ctx.body?.error,
    has_proof: ctx.get('DPoP') !== '',
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
