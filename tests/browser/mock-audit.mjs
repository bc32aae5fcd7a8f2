// The part of the cardboard recorder that audits cameras, compares them, and puts them right.
const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const nowUs = () => Date.now() * 1000;

const planReady_ms = 300;
const auditTakes_ms = 2500;

export class Audits {
  constructor(cameras, care) {
    this.cameras = cameras;
    this.care = care;
    this.plans = [];
    this.remedies = [];
    this.audits = [this.makeAudit(cameras[0], 1, 3 * hour), this.makeAudit(cameras[1], 2, 9 * hour)];
    this.facts = [...this.makeFacts(cameras[0], '2.1.7'), ...this.makeFacts(cameras[1], '1.0.3')];
    this.snapshots = this.makeSnapshots();
  }

  // What an unannounced change leads to.
  addAlarm() {
    const [camera] = this.cameras;
    this.care.alarms.push({
      number: 40,
      kind: 'settings_changed',
      severity: 'critical',
      camera: camera.id,
      camera_name: camera.name,
      subject: '',
      opened_us: nowUs() - 3 * hour,
      cleared_us: null,
      count: 1,
      text: `${camera.name}: account service added: administrator`,
      acknowledged_by: '',
      acknowledged_us: null,
      incident: 0,
    });
  }

  makeAudit(camera, number, ago_us) {
    return {
      number,
      camera: camera.id,
      camera_name: camera.name,
      reason: 'schedule',
      by: '',
      state: 'done',
      asked_us: nowUs() - ago_us,
      began_us: nowUs() - ago_us,
      ended_us: nowUs() - ago_us + 40 * second,
      stage: '',
      done: 0,
      total: 0,
      facts: 24,
      text: '',
    };
  }

  makeFacts(camera, firmware) {
    const fact = (kind, value, subject = '', source = 'onvif', detail = '') => ({
      camera: camera.id,
      camera_name: camera.name,
      kind,
      subject,
      source,
      is_known: value !== null,
      value: value ?? '',
      detail,
      observed_us: nowUs() - 3 * hour,
    });
    return [
      fact('maker', 'Example Optics'),
      fact('maker', 'Other Works', '', 'probe'),
      fact('model', 'EO-4100'),
      fact('firmware', firmware),
      fact('serial', 'A1-000423'),
      fact('account', 'administrator', 'admin'),
      fact('account', 'administrator', 'service'),
      fact('account', 'user', 'recorder'),
      fact('auth_scheme', 'digest_md5', 'rtsp'),
      fact('password_min', null, '', 'onvif', 'it does not know GetPasswordComplexityConfiguration'),
      fact('port_open', 'http', 'tcp/80', 'probe'),
      fact('port_open', 'rtsp', 'tcp/554', 'probe'),
      fact('port_open', 'telnet', 'tcp/23', 'probe'),
      fact('ports_tried', '1-1024,8000-8999', 'tcp', 'probe'),
      fact('open_video', 'no', '/stream1', 'probe'),
      fact('clock_offset_ms', '340'),
      fact('clock_source', 'manual'),
      fact('certificate_sha256', '9f'.repeat(32), 'tcp/443', 'probe'),
      fact('certificate_until', String(nowUs() + 200 * day), 'tcp/443', 'probe'),
      fact('support_end', String(nowUs() + 300 * day), '', 'person'),
    ];
  }

  makeSnapshots() {
    const make = (number, ago_us, more) => ({
      number,
      camera: this.cameras[0].id,
      camera_name: this.cameras[0].name,
      reason: 'audit',
      taken_us: nowUs() - ago_us,
      confirmed_us: nowUs() - ago_us + 6 * hour,
      changes: 0,
      unannounced: 0,
      announced_by: 'nobody',
      ...more,
    });
    return [
      make(3, 3 * hour, { changes: 2, unannounced: 2, confirmed_us: nowUs() - 3 * hour }),
      make(2, 5 * day, { changes: 1, announced_by: 'maintenance' }),
      make(1, 40 * day, {}),
    ];
  }

  knows(kind) {
    return ['audits', 'facts', 'snapshots', 'differences', 'plans', 'remedies'].includes(kind);
  }

  answer(context) {
    const done = this[`${context.kind}Of`](context);
    if (!done) {
      context.fail(404, 'not_found', 'there is no such thing');
    }
  }

  find(id) {
    return this.cameras.find((known) => known.id === id);
  }

  auditsOf({ request, id, what, body, json }) {
    if (request.method === 'GET') {
      json(200, { audits: this.newest() });
      return true;
    }
    if (what === 'stop') {
      const audit = this.audits.find((one) => one.number === Number(id));
      Object.assign(audit, { state: 'stopped', ended_us: nowUs(), text: 'by admin' });
      json(204);
      return true;
    }
    const camera = this.find(body.camera);
    const made = { ...this.makeAudit(camera, this.audits.length + 1, 0), by: 'admin' };
    Object.assign(made, { state: 'running', ended_us: null, stage: 'ports', total: 1200 });
    const timer = setInterval(() => (made.done = Math.min(1200, made.done + 120)), 200);
    setTimeout(() => {
      clearInterval(timer);
      if (made.state === 'running') {
        Object.assign(made, { state: 'done', ended_us: nowUs(), stage: '', total: 0 });
      }
    }, auditTakes_ms);
    this.audits.push(made);
    json(200, { audits: [made] });
    return true;
  }

  newest() {
    const byCamera = new Map(this.audits.map((audit) => [audit.camera, audit]));
    return [...byCamera.values()];
  }

  factsOf({ url, json }) {
    const camera = url.searchParams.get('camera');
    const kind = url.searchParams.get('kind');
    json(200, {
      facts: this.facts.filter(
        (fact) => (!camera || fact.camera === camera) && (!kind || fact.kind === kind),
      ),
      audits: this.newest().filter((audit) => !camera || audit.camera === camera),
    });
    return true;
  }

  snapshotsOf({ url, json }) {
    const camera = url.searchParams.get('camera');
    const isFirst = camera === this.cameras[0].id;
    json(200, {
      snapshots: isFirst ? this.snapshots : [],
      ...(isFirst
        ? {
            checks: [
              { maintenance: 7, before: 1, after: 2, changes: 1, checked_us: nowUs() - 5 * day },
            ],
          }
        : {}),
    });
    return true;
  }

  differencesOf({ url, json }) {
    const isLast = url.searchParams.get('to') === '3';
    const make = (change, theme, kind, subject, before, after) => ({
      from: 1,
      to: 2,
      change,
      theme,
      kind,
      subject,
      source: 'onvif',
      before,
      after,
    });
    json(200, {
      differences: isLast
        ? [
            make('added', 'accounts', 'account', 'service', '', 'administrator'),
            make('added', 'services', 'port_open', 'tcp/23', '', 'telnet'),
          ]
        : [make('changed', 'firmware', 'firmware', '', '2.1.6', '2.1.7')],
    });
    return true;
  }

  makeSteps({ remedy, account }) {
    const target = '192.0.2.11';
    const step = (place, does, operation, parameters, at = target) => ({
      place,
      does,
      operation,
      target: at,
      parameters,
    });
    if (remedy !== 'password') {
      return [
        step(1, 'send', 'SetIPAddressFilter', '<SetIPAddressFilter>…</SetIPAddressFilter>'),
        step(2, 'look', 'audit', '', 'entrance'),
      ];
    }
    const user = account || 'recorder';
    return [
      step(
        1,
        'send',
        'SetUser',
        `<SetUser><User><tt:Username>${user}</tt:Username><tt:Password>***</tt:Password>` +
          '<tt:UserLevel>Administrator</tt:UserLevel></User></SetUser>',
      ),
      step(2, 'try', 'login', 'the new password: must be let in'),
      step(3, 'try', 'login', 'the old password: must be refused'),
      step(4, 'keep', 'entry', `user ${user}, the new password`, 'entrance'),
      step(5, 'look', 'audit', '', 'entrance'),
    ];
  }

  plansOf({ request, id, what, body, json, fail, session }) {
    const plan = this.plans.find((one) => one.plan === id);
    if (plan && request.method === 'GET') {
      const isReady = Date.now() > plan.made_ms + planReady_ms;
      plan.state = isReady && plan.state === 'making' ? 'ready' : plan.state;
      json(200, { plans: [plan], steps: isReady ? plan.steps : [] });
      return true;
    }
    if (plan && what === 'run') {
      if (body.password !== 'correct horse battery') {
        fail(403, 'denied', 'the password is wrong');
        return true;
      }
      json(200, { remedies: [this.run(plan, session)] });
      return true;
    }
    if (id === undefined && body.remedy === 'password' && !body.allows_clear) {
      fail(403, 'denied', 'the new password would cross the network readable');
      return true;
    }
    if (id === undefined) {
      const made = {
        plan: `00000000-0000-4000-8000-${String(7000 + this.plans.length).padStart(12, '0')}`,
        camera: body.camera,
        camera_name: this.find(body.camera).name,
        remedy: body.remedy,
        state: 'making',
        until_us: nowUs() + 10 * minute,
        text: '',
        made_ms: Date.now(),
        steps: this.makeSteps(body),
      };
      this.plans.push(made);
      json(200, { plans: [made] });
      return true;
    }
    return false;
  }

  run(plan, session) {
    const made = {
      number: this.remedies.length + 1,
      camera: plan.camera,
      camera_name: plan.camera_name,
      remedy: plan.remedy,
      state: 'running',
      step: plan.steps[0].operation,
      text: '',
      by: session.account.name,
      before: 3,
      begun_us: nowUs(),
      ended_us: null,
    };
    plan.state = 'used';
    this.remedies.unshift(made);
    setTimeout(() => {
      const text =
        plan.remedy === 'password' ? 'the new password is let in, the old one is refused' : 'taken';
      Object.assign(made, { state: 'done', ended_us: nowUs(), text });
    }, 1000);
    return made;
  }

  remediesOf({ url, json }) {
    const camera = url.searchParams.get('camera');
    json(200, { remedies: this.remedies.filter((one) => one.camera === camera) });
    return true;
  }
}
