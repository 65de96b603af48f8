#!/usr/bin/env node
// Plays the person and their browser: opens an address, fills in the forms it is shown, and goes wherever it is sent,
// to a client's loopback listener too.
//
//   user.mjs URL [--code XXXX-XXXX] [--user alice] [--deny]
//
// Usable as $BROWSER (settings come from TEST_USER and TEST_DENY then). Prints what it did as one JSON line; exit code 0
// when it came to an end that a person would recognise as one.

const LONGEST_WAY = 30;
const NO = /abort|cancel|deny|reject|refuse/i;

function options(args) {
  const found = { user: process.env.TEST_USER ?? 'alice', deny: process.env.TEST_DENY === '1' };
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--deny') found.deny = true;
    else if (args[at] === '--code') found.code = args[(at += 1)];
    else if (args[at] === '--user') found.user = args[(at += 1)];
    else found.url = args[at];
  }
  if (!found.url) throw new Error('usage: user.mjs URL [--code XXXX-XXXX] [--user NAME] [--deny]');
  return found;
}

/** Cookies by host: enough of RFC 6265 for one visit. */
class Jar {
  #cookies = new Map();

  keep(url, response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const [name, ...value] = pair.split('=');
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
      const gone = attributes.some((attribute) => /^expires=thu, 01 jan 1970/i.test(attribute));
      const key = `${url.host} ${path} ${name}`;
      if (gone) this.#cookies.delete(key);
      else this.#cookies.set(key, { host: url.host, path, pair: `${name}=${value.join('=')}` });
    }
  }

  header(url) {
    const fitting = [...this.#cookies.values()].filter(
      (cookie) => cookie.host === url.host && url.pathname.startsWith(cookie.path),
    );
    return fitting.map((cookie) => cookie.pair).join('; ');
  }
}

function unescaped(text) {
  const names = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#x2F': '/' };
  return text.replace(/&([#\w]+);/g, (whole, name) => names[name] ?? whole);
}

function attributes(tag) {
  const found = {};
  for (const [, name, , , quoted, single, bare] of tag.matchAll(/([\w-]+)(=("([^"]*)"|'([^']*)'|([^\s>]+)))?/g)) {
    found[name.toLowerCase()] = unescaped(quoted ?? single ?? bare ?? '');
  }
  return found;
}

function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, head, body]) => ({
    ...attributes(head),
    fields: [...body.matchAll(/<input\b([^>]*)>|<button\b([^>]*)>([^<]*)/gi)].map(([, input, button, text]) =>
      input === undefined ? { type: 'submit', ...attributes(button), text } : attributes(input),
    ),
  }));
}

const refuses = (field) => NO.test(`${field.name ?? ''} ${field.value ?? ''} ${field.text ?? ''}`);
const canRefuse = (form) => form.fields.some(refuses);

/** The form a person would use, and what they would put in. */
function filled(page, wish) {
  const posts = page.filter((form) => (form.method ?? 'get').toLowerCase() === 'post');
  const asks = posts.find((form) => form.fields.some((f) => /login|username|user_code/.test(f.name ?? '') && f.type !== 'hidden'));
  const refusing = posts.find(canRefuse);
  const form = asks ?? (wish.deny && refusing ? refusing : posts.find((other) => !canRefuse(other)) ?? posts[0]);
  if (!form) return undefined;
  const body = new URLSearchParams();
  const deny = wish.deny && form !== asks;
  let denied = false;
  for (const field of form.fields) {
    if (field.type === 'submit' && refuses(field) !== deny) continue;
    denied ||= deny && refuses(field);
    // A button without a name refuses by what it does not send.
    if (field.name) body.set(field.name, value(field, wish));
  }
  return { action: form.action ?? '', body, denied };
}

function value(field, wish) {
  if (field.type === 'hidden' || field.type === 'submit') return field.value ?? '';
  if (field.name === 'user_code') return wish.code ?? field.value ?? '';
  if (field.name === 'login' || field.name === 'username') return wish.user;
  if (field.type === 'password') return 'any';
  return field.value ?? '';
}

/** Consent pages may refuse by a link instead of a form. */
function refusingLink(html) {
  const links = [...html.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)];
  return links.map(([, tag, text]) => [attributes(tag).href, text]).find(([, text]) => NO.test(text))?.[0];
}

async function visit(wish) {
  const jar = new Jar();
  const home = new URL(wish.url).host;
  let [url, body, denied] = [new URL(wish.url), undefined, false];
  for (let step = 0; step < LONGEST_WAY; step += 1) {
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body,
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: jar.header(url) },
    });
    jar.keep(url, response);
    const location = response.headers.get('location');
    if (location) {
      [url, body] = [new URL(location, url), undefined];
      continue;
    }
    const html = await response.text();
    const end = { status: response.status, at: `${url.origin}${url.pathname}`, denied };
    if (url.host !== home) return { ...end, result: 'callback' };
    if (response.status >= 400) return { ...end, result: 'error', html };
    const page = forms(html);
    const consent = page.length > 0 && !page.some((form) => form.fields.some((f) => f.type === 'text' || f.type === 'password'));
    const link = wish.deny && consent ? refusingLink(html) : undefined;
    if (link) {
      [url, body, denied] = [new URL(link, url), undefined, true];
      continue;
    }
    const next = denied ? undefined : filled(page, wish);
    if (!next) return { ...end, result: 'done' };
    denied ||= next.denied;
    [url, body] = [new URL(next.action, url), next.body];
  }
  return { result: 'error', status: 0, at: url.origin, html: 'too many pages' };
}

const outcome = await visit(options(process.argv.slice(2)));
console.log(JSON.stringify(outcome));
process.exit(outcome.result === 'error' ? 1 : 0);
