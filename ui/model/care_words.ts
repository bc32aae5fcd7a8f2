// What alarms, incidents and duties are called, and what they mean for today.
import type { Alarm, AlarmKind, Camera, Duty, DutyKind, Incident, Maintenance } from '../api';
import { texts } from '../language';
import { href } from '../route';
import type { Concern, Tone, Word } from './judge';
import { lengthText } from './amounts';
import { day, momentText } from './moments';

const soon_us = 14 * day;

const severityTones: Record<Alarm['severity'], Tone> = {
  info: 'busy',
  warning: 'warn',
  critical: 'bad',
};

export function severityWord(alarm: Alarm): Word {
  return { tone: severityTones[alarm.severity], text: texts.value.alarms.severities[alarm.severity] };
}

function sayKind(kind: AlarmKind, name: string): string {
  const say: Record<AlarmKind, (name: string) => string> = texts.value.alarms.kinds;
  return say[kind](name);
}

export function alarmText(alarm: Alarm): string {
  const name = alarm.camera_name || alarm.subject;
  return sayKind(alarm.kind, alarm.kind === 'duty' ? dutyNameOf(alarm.subject) : name);
}

export function stepsOf(kind: AlarmKind): string[] {
  return texts.value.alarms.steps[kind];
}

// The recorder calls one without a title by its kind and what it is about: "camera_lost entrance".
export function incidentText(incident: Incident): string {
  const [kind, ...about] = incident.title.split(' ');
  const name = about.join(' ');
  return kind === incident.kind && kind !== 'unknown'
    ? sayKind(incident.kind, incident.kind === 'duty' ? dutyNameOf(name) : name)
    : incident.title;
}

export function dutyText(duty: Duty): string {
  return duty.kind === 'own' ? duty.title : texts.value.duties.kinds[duty.kind].name;
}

// Alarms name a duty by its title, or by its kind.
function dutyNameOf(subject: string): string {
  const kinds: Record<string, { name: string }> = texts.value.duties.kinds;
  return (subject !== ('own' satisfies DutyKind) && kinds[subject]?.name) || subject;
}

export function dutyWord(duty: Duty, now_us: number): Word {
  const t = texts.value.duties;
  if (duty.due_us < now_us) {
    return { tone: 'bad', text: t.overdue };
  }
  return isDueSoon(duty, now_us)
    ? { tone: 'warn', text: t.soon }
    : { tone: 'good', text: t.planned };
}

export function isDueSoon(duty: Duty, now_us: number): boolean {
  return duty.due_us < now_us + soon_us;
}

export function dueText(duty: Duty, now_us: number): string {
  const t = texts.value.duties;
  const size = Math.abs(duty.due_us - now_us);
  // Nobody plans days ahead by the hour.
  const length =
    size < 2 * day ? lengthText(size) : texts.value.length.days(Math.round(size / day), 0);
  return duty.due_us < now_us ? t.overdueFor(length) : t.dueIn(length);
}

const aboutCamera: AlarmKind[] = [
  'camera_lost',
  'camera_refused',
  'camera_clock',
  'settings_changed',
];
const aboutStorage: AlarmKind[] = ['storage', 'retention'];

function targetOf(alarm: Alarm): [label: string, target: string] {
  const t = texts.value.concerns;
  if (alarm.camera && aboutCamera.includes(alarm.kind)) {
    return [t.seeCamera, href('cameras', [alarm.camera])];
  }
  return aboutStorage.includes(alarm.kind)
    ? [t.seeStorage, href('system')]
    : [texts.value.alarms.seeAll, href('alarms')];
}

// Duties stand in a list of their own.
export function alarmConcerns(alarms: Alarm[]): Concern[] {
  const t = texts.value.alarms;
  return alarms
    .filter((alarm) => alarm.kind !== 'duty')
    .map((alarm) => {
      const [label, target] = targetOf(alarm);
      return {
        key: `alarm ${alarm.number}`,
        tone: severityTones[alarm.severity],
        what: alarmText(alarm),
        step: `${t.nextStep} ${stepsOf(alarm.kind)[0] ?? ''}`,
        detail: alarm.text,
        label,
        target,
        ...(alarm.acknowledged_us === null ? { alarm } : { seenBy: alarm.acknowledged_by }),
      };
    });
}

export function maintenanceConcern(camera: Camera, work: Maintenance): Concern {
  const t = texts.value.maintenance;
  return {
    key: camera.id,
    tone: 'busy',
    what: t.concern(camera.name, momentText(work.to_us)),
    step: t.concernStep,
    detail: '',
    label: texts.value.concerns.seeCamera,
    target: href('cameras', [camera.id]),
  };
}

// Whether an alarm says what this concern says.
export function isSaidBy(concern: Concern, alarm: Alarm): boolean {
  switch (alarm.kind) {
    case 'camera_lost':
    case 'camera_refused':
      return concern.key === alarm.camera;
    case 'camera_clock':
      return concern.key === alarm.camera && concern.tone === 'warn';
    case 'storage':
    case 'retention':
      return concern.key === 'storage' && concern.tone !== 'busy';
    case 'role_restarted':
      return concern.key.startsWith(`role ${alarm.subject} `);
    default:
      return false;
  }
}
