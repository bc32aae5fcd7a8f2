// The part of the cardboard recorder that has people, API tokens and destinations of messages.
import { randomBytes } from 'node:crypto';

const day = 24 * 3600 * 1_000_000;
const nowUs = () => Date.now() * 1000;
const uuid = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export class People {
  constructor() {
    this.secret = 'jbswy3dpehpk3pxpjbswy3dpehpk3pxp';
    this.hasFactor = false;
    this.tokens = [];
    this.destinations = [];
  }

  knows(kind) {
    return ['account', 'accounts', 'sessions', 'tokens', 'destinations'].includes(kind);
  }

  answer(context) {
    if (!this[`${context.kind}Of`](context)) {
      context.fail(404, 'not_found', 'there is no such thing');
    }
  }

  own({ account }) {
    return {
      ...account,
      is_disabled: false,
      has_second_factor: this.hasFactor,
      is_second_factor_needed: false,
      recovery_codes: this.hasFactor ? 10 : 0,
      locked_us: 0,
      sessions: 1,
      tokens: this.tokens.length,
      created_us: nowUs() - 90 * day,
      password_us: nowUs() - 30 * day,
      allow_from: 'any',
    };
  }

  uri(name) {
    const secret = this.secret.toUpperCase();
    return `otpauth://totp/Komainu:${name}?secret=${secret}&issuer=Komainu&algorithm=SHA1&digits=6&period=30`;
  }

  accountOf({ request, path, body, json, fail, session }) {
    if (path === '/account' && request.method === 'GET') {
      json(200, this.own(session));
    } else if (path === '/account/totp') {
      json(200, { secret: this.secret, uri: this.uri(session.account.name) });
    } else if (path === '/account/totp/confirm' && body.code !== '123456') {
      fail(422, 'invalid', 'the code is wrong', { field: 'code' });
    } else if (path === '/account/totp/confirm') {
      this.hasFactor = true;
      json(200, { recovery_codes: [...Array(10).keys()].map((n) => ({ code: `code-${n}` })) });
    } else if (path === '/account/totp/disable') {
      this.hasFactor = false;
      json(204);
    } else {
      return false;
    }
    return true;
  }

  accountsOf({ request, id, what, json, session }) {
    if (request.method !== 'GET') {
      return false;
    }
    json(200, what === 'grants' ? { grants: [] } : { accounts: [this.own(session)] });
    return id === undefined || what === 'grants';
  }

  sessionsOf({ request, json, session }) {
    if (request.method !== 'GET') {
      return false;
    }
    const { id: account, name } = session.account;
    const times = { since_us: nowUs(), used_us: nowUs(), expires_us: nowUs() + day };
    const place = { address: '127.0.0.1', program: 'Chromium' };
    json(200, { sessions: [{ id: uuid(77), account, name, is_own: true, ...times, ...place }] });
    return true;
  }

  tokensOf({ request, id, body, json, session }) {
    if (request.method === 'GET') {
      json(200, { tokens: this.tokens });
    } else if (request.method === 'POST') {
      const { days, ...rest } = body;
      const { id: account, name: account_name } = session.account;
      const times = { created_us: nowUs(), expires_us: nowUs() + days * day };
      const unused = { revoked_us: null, used_us: null, used_from: '', is_alive: true };
      const made = { id: uuid(300 + this.tokens.length), account, account_name, ...rest };
      this.tokens.push({ ...made, ...times, ...unused });
      json(200, { id: made.id, token: `kmt_${randomBytes(32).toString('base64url')}` });
    } else {
      const token = this.tokens.find((one) => one.id === id);
      Object.assign(token ?? {}, { is_alive: false, revoked_us: nowUs() });
      json(204);
      return token;
    }
    return true;
  }

  destinationsOf({ request, id, what, body, json, fail }) {
    const known = this.destinations.find((one) => one.destination === id);
    if (request.method === 'GET') {
      json(200, { destinations: this.destinations });
      return true;
    }
    if (request.method === 'DELETE') {
      this.destinations = this.destinations.filter((one) => one !== known);
      json(204);
      return known;
    }
    if (what === 'test') {
      const isGood = !known.url.includes('bad');
      const text = isGood ? '250 taken' : 'the certificate is not for this name';
      Object.assign(known, { test: String(nowUs()), is_test_good: isGood, test_text: text });
      json(200, { id: known.test });
      return known;
    }
    if (!/^(smtps?|https|mqtts|syslogs):\/\//.test(body.url)) {
      fail(422, 'invalid', 'url: smtp, smtps, https, mqtts or syslogs is right', { field: 'url' });
      return true;
    }
    const { password, ...settings } = body;
    const kept = known?.has_password || settings.has_password;
    if (known) {
      Object.assign(known, settings, { has_password: kept });
      json(204);
      return true;
    }
    const queue = { waiting: 0, oldest_us: null, due_us: null, tries: 0, error: '' };
    const tests = { is_testing: false, test: null, is_test_good: false, test_text: '' };
    const made = { destination: uuid(400 + this.destinations.length), ...settings, ...queue, ...tests };
    this.destinations.push({ ...made, delivered: 0, given_up: 0 });
    this.lastPassword = password;
    json(201, { id: made.destination });
    return true;
  }
}
