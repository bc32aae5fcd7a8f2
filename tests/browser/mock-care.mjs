// The part of the cardboard recorder that has alarms, incidents, duties and maintenance.
const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const nowUs = () => Date.now() * 1000;

const byNewest = (a, b) => b.number - a.number;

export class Care {
  constructor(cameras) {
    this.cameras = cameras;
    this.alarms = this.makeAlarms();
    this.incidents = [];
    this.notes = [];
    this.duties = this.makeDuties();
    this.records = [];
    this.maintenances = [];
    this.makePast();
  }

  makeAlarms() {
    const make = (number, kind, severity, ago_us, more = {}) => ({
      number,
      kind,
      severity,
      camera: null,
      camera_name: '',
      subject: '',
      opened_us: nowUs() - ago_us,
      cleared_us: null,
      count: 1,
      text: '',
      acknowledged_by: '',
      acknowledged_us: null,
      incident: 0,
      ...more,
    });
    const of = (n) => ({ camera: this.cameras[n].id, camera_name: this.cameras[n].name });
    return [
      make(1, 'camera_lost', 'critical', 3 * day, {
        ...of(0),
        cleared_us: nowUs() - 3 * day + 4 * minute,
        text: 'connect to 192.0.2.11:554: timeout',
        acknowledged_by: 'admin',
        acknowledged_us: nowUs() - 3 * day + hour,
      }),
      make(2, 'clock_step', 'warning', 2 * day, {
        cleared_us: nowUs() - 2 * day + hour,
        text: 'by -3600.000 seconds',
        acknowledged_by: 'admin',
        acknowledged_us: nowUs() - 2 * day + hour,
      }),
      make(3, 'camera_refused', 'critical', 3 * hour, { ...of(4), text: '401 Unauthorized' }),
      make(4, 'logins', 'critical', 2 * hour, {
        subject: 'sato',
        count: 7,
        text: 'locked after 3 failures from 192.0.2.200',
      }),
      make(5, 'camera_lost', 'critical', 42 * minute, {
        ...of(3),
        text: 'connect to 192.0.2.14:554: no route to host',
      }),
      make(6, 'duty', 'warning', 5 * hour, { subject: 'journal_review', text: 'overdue' }),
    ];
  }

  makeDuties() {
    const make = (number, kind, interval_days, due_us, more = {}) => ({
      number,
      kind,
      title: '',
      owner: '',
      interval_days,
      due_us,
      done_us: null,
      done_by: '',
      ...more,
    });
    return [
      make(1, 'stock_taking', 365, nowUs() + 200 * day),
      make(2, 'account_review', 180, nowUs() + 5 * day, { owner: 'admin' }),
      make(3, 'journal_review', 30, nowUs() - 5 * hour, {
        done_us: nowUs() - 30 * day,
        done_by: 'admin',
      }),
      make(4, 'vulnerabilities', 30, nowUs() + 20 * day),
      make(5, 'backup_check', 90, nowUs() + 60 * day),
      make(6, 'restore_drill', 365, nowUs() + 300 * day),
      make(7, 'certificate', 180, nowUs() + 100 * day),
    ];
  }

  makePast() {
    this.incidents.push({
      number: 1,
      kind: 'clock_step',
      title: 'clock_step',
      owner: 'admin',
      steps_done: 15,
      opened_us: nowUs() - 2 * day,
      ended_us: nowUs() - 2 * day + 2 * hour,
      outcome: 'NTP was switched off; it runs again',
    });
    this.records.push({
      number: 3,
      done_us: nowUs() - 30 * day,
      by: 'admin',
      result: 'findings',
      note: 'one login at night, explained by the cleaning firm',
    });
  }

  knows(kind) {
    return ['alarms', 'incidents', 'duties', 'maintenances'].includes(kind);
  }

  answer(context) {
    const done = this[`${context.kind}Of`](context);
    if (!done) {
      context.fail(404, 'not_found', 'there is no such thing');
    }
  }

  alarmsOf({ request, url, id, body, json, fail, session }) {
    if (request.method === 'GET') {
      const before = Number(url.searchParams.get('before_number'));
      const isOpen = url.searchParams.get('is_open') === 'true';
      const alarms = this.alarms
        .filter((a) => (!isOpen || a.cleared_us === null) && (!before || a.number < before))
        .sort(byNewest);
      json(200, { alarms });
      return true;
    }
    const alarm = this.alarms.find((a) => a.number === Number(id));
    if (alarm?.acknowledged_us) {
      fail(409, 'conflict', `alarm ${id}: ${alarm.acknowledged_by} has seen it already`);
      return true;
    }
    if (alarm) {
      alarm.acknowledged_by = session.account.name;
      alarm.acknowledged_us = nowUs();
      json(204, body.none);
    }
    return alarm;
  }

  incidentsOf({ request, url, id, what, body, json, fail, session }) {
    const incident = this.incidents.find((one) => one.number === Number(id));
    if (id === undefined && request.method === 'GET') {
      const isOpen = url.searchParams.get('is_open') === 'true';
      const incidents = this.incidents.filter((one) => !isOpen || one.ended_us === null);
      json(200, { incidents: incidents.sort(byNewest) });
      return true;
    }
    if (id === undefined || id === 'first-aid') {
      const alarm = this.alarms.find((a) => a.number === body.alarm);
      const camera = this.cameras.find((known) => known.id === body.camera);
      const kind = camera ? 'takeover' : (alarm?.kind ?? 'unknown');
      const about = camera?.name || alarm?.camera_name || alarm?.subject;
      const made = {
        number: this.incidents.length + 1,
        kind,
        title: body.title || `${kind} ${about}`.trim(),
        owner: body.owner || session.account.name,
        steps_done: 0,
        opened_us: nowUs(),
        ended_us: null,
        outcome: '',
      };
      if (alarm) {
        alarm.incident = made.number;
      }
      this.incidents.push(made);
      json(200, { incidents: [made] });
      return true;
    }
    if (incident && request.method === 'GET') {
      const notes = this.notes.filter((note) => note.number === incident.number);
      json(200, { incidents: [incident], notes });
      return true;
    }
    if (incident?.ended_us) {
      fail(409, 'conflict', `incident ${id} is over`);
      return true;
    }
    if (incident && what === 'end') {
      Object.assign(incident, { outcome: body.outcome, ended_us: nowUs() });
    } else if (incident) {
      const step = body.step ? 1 << (body.step - 1) : 0;
      incident.steps_done = body.is_undone ? incident.steps_done & ~step : incident.steps_done | step;
      incident.owner = body.has_owner ? body.owner : incident.owner;
      const text = body.text || (body.step ? `step ${body.step}` : `owner ${body.owner}`);
      this.notes.push({ number: incident.number, at_us: nowUs(), by: session.account.name, text });
    }
    if (incident) {
      json(204);
    }
    return incident;
  }

  shown(duty) {
    return { ...duty, is_overdue: duty.due_us < nowUs() };
  }

  dutiesOf({ request, url, id, what, body, json, fail, session }) {
    if (id === 'records') {
      const number = Number(url.searchParams.get('number'));
      const records = this.records.filter((r) => number === 0 || r.number === number);
      json(200, { records: records.sort((a, b) => b.done_us - a.done_us) });
      return true;
    }
    if (id === undefined && request.method === 'GET') {
      const duties = this.duties.sort((a, b) => a.due_us - b.due_us);
      json(200, { duties: duties.map((one) => this.shown(one)) });
      return true;
    }
    if (id === undefined) {
      const due_us = body.due_us ?? nowUs() + body.interval_days * day;
      const made = { kind: 'own', done_us: null, done_by: '', ...body, due_us };
      made.number = Math.max(...this.duties.map((one) => one.number)) + 1;
      this.duties.push(made);
      json(200, { duties: [this.shown(made)] });
      return true;
    }
    const duty = this.duties.find((one) => one.number === Number(id));
    if (duty && what === 'records') {
      if (body.result !== 'fine' && !body.note) {
        fail(422, 'invalid', 'note: a text is needed: what was found, or why not');
        return true;
      }
      const by = session.account.name;
      this.records.push({ number: duty.number, done_us: nowUs(), by, ...body });
      Object.assign(duty, { done_us: nowUs(), done_by: by });
      duty.due_us = nowUs() + duty.interval_days * day;
      this.alarms = this.alarms.filter((a) => a.subject !== duty.kind);
      json(204);
    } else if (duty && request.method === 'PATCH') {
      Object.assign(duty, body);
      json(200, { duties: [this.shown(duty)] });
    } else if (duty) {
      this.duties = this.duties.filter((one) => one !== duty);
      json(204);
    }
    return duty;
  }

  maintenancesOf({ request, id, body, json, session }) {
    if (request.method === 'GET') {
      json(200, { maintenances: this.maintenances.filter((one) => one.to_us > nowUs()) });
      return true;
    }
    if (id === undefined) {
      const camera = this.cameras.find((known) => known.id === body.camera);
      const made = {
        number: this.maintenances.length + 1,
        camera_name: camera?.name ?? '',
        by: session.account.name,
        ...body,
        from_us: body.from_us ?? nowUs(),
      };
      this.maintenances.push(made);
      json(200, { maintenances: [made] });
      return true;
    }
    const work = this.maintenances.find((one) => one.number === Number(id));
    if (work) {
      work.to_us = nowUs();
      json(204);
    }
    return work;
  }
}
