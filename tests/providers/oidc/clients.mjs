// The clients that the tests know, and what tells them apart.

import { generateKeyPairSync } from 'node:crypto';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SERVICE = 'client_credentials';

/** Clients whose access tokens live so short that they are seen to be refreshed. */
export const SHORT_LIVED = ['native-short', 'native-burst'];
/** Clients whose device codes are over before anybody could enter them. */
export const HASTY = ['native-hasty'];
/** Clients whose proofs need a nonce of the server (RFC 9449 8). */
export const WANTS_NONCE = ['native-dpop-nonce'];
/** Clients that learn who signed in from userinfo alone. */
export const TELLS_LATE = ['native-userinfo'];
/** Public clients that may sign in without PKCE, as where a record forbids it. */
export const WITHOUT_PKCE = ['native-plain'];
/** What the person would have to do first, by client; the provider says so instead of asking. */
export const REFUSED = {
  'native-login': 'login_required',
  'native-consent': 'consent_required',
  'native-interaction': 'interaction_required',
};

/** Keys of clients that sign in by one (RFC 7523): the private half is handed to the tests. */
export const clientKeys = {
  'key-es256': { id: 'es', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  'key-rs256': { id: 'rs', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
};

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

const confidential = (client_id, client_secret, method) =>
  client(client_id, { client_secret, token_endpoint_auth_method: method });

/** A client without a person. */
function service(client_id, more) {
  return { client_id, grant_types: [SERVICE], response_types: [], redirect_uris: [], ...more };
}

function withKey(client_id) {
  const { id, publicKey } = clientKeys[client_id];
  const alg = client_id.slice('key-'.length).toUpperCase();
  return client(client_id, {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: alg,
    grant_types: ['authorization_code', 'refresh_token', DEVICE, SERVICE],
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: id, alg, use: 'sig' }] },
  });
}

export const clients = [
  client('native'),
  client('native-es256', { id_token_signed_response_alg: 'ES256' }),
  client('native-short'),
  client('native-burst'),
  client('native-hasty'),
  client('native-userinfo'),
  client('native-login'),
  client('native-consent'),
  client('native-interaction'),
  client('native-plain'),
  client('native-par', { require_pushed_authorization_requests: true }),
  client('native-dpop', { dpop_bound_access_tokens: true }),
  client('native-dpop-told', { dpop_bound_access_tokens: true }),
  client('native-dpop-nonce', { dpop_bound_access_tokens: true }),
  client('native-exchange', {
    grant_types: ['authorization_code', 'refresh_token', DEVICE, EXCHANGE],
  }),
  confidential('basic', 'basic-secret', 'client_secret_basic'),
  confidential('guarded', 'guarded-secret', 'client_secret_basic'),
  confidential('post', 'post-secret', 'client_secret_post'),
  // Wrong unless form-urlencoded before base64 (RFC 6749 2.3.1).
  confidential('odd client:id+1', 's3cr:t w%2Bith/odd=&~', 'client_secret_basic'),
  withKey('key-es256'),
  withKey('key-rs256'),
  service('service', { client_secret: 'service-secret' }),
  // Asks about tokens, as a resource server would.
  service('watcher', { client_secret: 'watcher-secret', grant_types: [] }),
];
