// The part of the cardboard recorder that answers the checklist; the requirements are the real ones.
import { readFileSync } from 'node:fs';

const day = 86_400_000_000;
const nowUs = () => Date.now() * 1000;
const table = (name) => readFileSync(new URL(`../../src/model/${name}.tbl`, import.meta.url), 'utf8');

function readRequirements() {
  const text = String.raw`\s*"([^"]*)",`.repeat(3) + String.raw`\s*"([^"]*)"\)`;
  const rows = new RegExp(
    String.raw`^KM_REQUIREMENT\(\w+, "([^"]+)", '(\w)', (\w+), ([A-Z |]+), ([A-Z |]+), (\d+),` + text,
    'gm',
  );
  const points = new RegExp(
    String.raw`^KM_AUDIT_POINT\(\w+, "([^"]+)", '(\w)', (\w+), ([A-Z |]+), "([^"]*)",` + text,
    'gm',
  );
  const make = (id, section, needs, per, kinds, days, leansOn, words, isPoint) => ({
    requirement: id,
    is_audit_point: isPoint,
    section,
    needs,
    per,
    kinds: [...'ESPDA'].filter((kind) => kinds.split(/[ |]+/).includes(kind)).join(''),
    sureness: 'seen',
    fresh_days: Number(days),
    leans_on: leansOn,
    title_en: words[0],
    title_ja: words[1],
    question_en: words[2],
    question_ja: words[3],
  });
  return [
    ...[...table('requirements').matchAll(rows)].map((m) =>
      make(m[1], m[2], m[3], m[4], m[5], m[6], '', m.slice(7), false),
    ),
    ...[...table('audit_points').matchAll(points)].map((m) =>
      make(m[1], m[2], m[3], '', m[4], 365, m[5], m.slice(6), true),
    ),
  ];
}

export class MockChecklist {
  constructor(cameras) {
    this.cameras = cameras;
    this.requirements = readRequirements();
    this.attestations = [];
    this.waivers = [];
    this.profile = '';
    this.isSet = false;
  }

  knows(kind) {
    return ['checklist', 'attestations', 'waivers', 'profile'].includes(kind);
  }

  stateOf(requirement) {
    const said = this.attestations.find(
      (one) => one.requirement === requirement.requirement && one.withdrawn_us === null,
    );
    const needed = requirement.needs === 'ALWAYS' || this.profile === requirement.needs.toLowerCase();
    if (!needed) {
      return ['not_applicable', 'the profile of this system does not ask for it', 'このシステムのプロファイルでは求められません'];
    }
    if (requirement.requirement === 'a02-1') {
      return ['not_met', 'it is not met by: entrance', '満たしていないもの: entrance'];
    }
    if (requirement.requirement === 'a12-2') {
      return [
        'not_met',
        'it gives something without a login: /live/main/with/a/long/path?channel=1&subtype=0&unicast=true',
        'ログインなしで得られるものがあります: /live/main/with/a/long/path?channel=1&subtype=0&unicast=true',
      ];
    }
    if (requirement.kinds.includes('E') || said) {
      return ['met', 'the recorder makes it so; no setting undoes it', 'レコーダーの作りで保証され、設定では外せません'];
    }
    return ['unknown', 'nobody has stated it yet', 'まだ誰も表明していません'];
  }

  answerOf(requirement, more = {}) {
    const [state, reason_en, reason_ja] = this.stateOf(requirement);
    const isDated = state === 'met' || state === 'not_met';
    return {
      requirement: requirement.requirement,
      is_audit_point: requirement.is_audit_point,
      level: 'all',
      camera: null,
      camera_name: '',
      state,
      kinds: isDated ? requirement.kinds.slice(0, 1) : '',
      reason: 'mock',
      subject: '',
      reason_en,
      reason_ja,
      observed_us: isDated ? nowUs() - day : null,
      due_us: isDated ? nowUs() + 29 * day : null,
      evidence_count: isDated ? 1 : 0,
      attestation: 0,
      waiver: requirement.requirement === 'a02-1' ? 1 : 0,
      is_disputed: requirement.requirement === 'a02-1',
      cameras_met: 0,
      cameras_not_met: 0,
      cameras_unknown: 0,
      cameras_not_applicable: 0,
      ...more,
    };
  }

  evidenceOf(requirement) {
    const fact = (name, words, value, more = {}) => ({
      requirement: requirement.requirement,
      level: 'camera',
      camera: this.cameras[0].id,
      camera_name: this.cameras[0].name,
      fact: name,
      fact_en: words[0],
      fact_ja: words[1],
      subject: '',
      source: 'probe',
      is_known: true,
      value,
      detail: '',
      proof: '',
      observed_us: nowUs() - day,
      ...more,
    });
    return [
      fact('port_open', ['open port', '開いているポート'], 'telnet', {
        subject: 'tcp/23',
        detail: 'recognised by its answer',
      }),
      fact('ports_tried', ['ports that were tried', '試したポート'], '1-65535', { subject: 'tcp' }),
      fact('port_open', ['open port', '開いているポート'], '', {
        subject: 'udp/161',
        is_known: false,
        detail: 'no answer in 2 tries: closed, filtered, or of few words',
      }),
    ];
  }

  answer({ request, kind, id, what, body, json, fail, session }) {
    const by = session?.account?.name ?? 'admin';
    const isGet = request.method === 'GET';
    if (kind === 'checklist' && id === undefined) {
      return json(200, {
        requirements: this.requirements,
        answers: this.requirements.map((one) => this.answerOf(one)),
        disagreements: [
          {
            requirement: 'a02-1',
            camera: this.cameras[0].id,
            camera_name: this.cameras[0].name,
            reason_en: 'the camera says that a service is off, and it answers: tcp/23',
            reason_ja: 'カメラは停止と答えますが、応答があります: tcp/23',
          },
        ],
        profiles: [{ parts: this.profile, is_set: this.isSet, by: 'admin', set_us: nowUs() }],
      });
    }
    if (kind === 'checklist') {
      const found = this.requirements.find((one) => one.requirement === id);
      if (!found) {
        return fail(404, 'not_found', 'no such requirement');
      }
      const ofCameras = found.per.includes('CAMERA')
        ? this.cameras.slice(0, 3).map((camera) =>
            this.answerOf(found, { level: 'camera', camera: camera.id, camera_name: camera.name }),
          )
        : [];
      return json(200, {
        requirements: [found],
        answers: [...ofCameras, this.answerOf(found)],
        evidence: this.evidenceOf(found),
        attestations: this.attestations.filter((one) => one.requirement === id),
        waivers: this.waivers.filter((one) => one.requirement === id),
      });
    }
    if (kind === 'profile') {
      if (!isGet) {
        this.profile = body.parts === 'none' ? '' : body.parts;
        this.isSet = true;
      }
      return json(200, { parts: this.profile, is_set: this.isSet, by, set_us: nowUs() });
    }
    const list = kind === 'attestations' ? this.attestations : this.waivers;
    if (id === undefined) {
      const made = {
        number: list.length + 1,
        camera: null,
        camera_name: '',
        by,
        made_us: nowUs(),
        until_us: nowUs() + 365 * day,
        withdrawn_us: null,
        withdrawn_by: '',
        ...body,
      };
      list.push(made);
      return json(200, { [kind]: [made] });
    }
    const one = list.find((known) => known.number === Number(id));
    if (!one || what === undefined) {
      return fail(404, 'not_found', 'no such statement');
    }
    Object.assign(one, { withdrawn_us: nowUs(), withdrawn_by: by });
    return json(204);
  }
}
