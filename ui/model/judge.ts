// What the recorder's state means for a person: is it recording, what is wrong, what comes first.
import type { Alarm, Camera, Status } from '../api';
import { texts } from '../language';
import { href, type Place } from '../route';
import { lengthText } from './amounts';
import { second } from './moments';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'off';

export interface Word {
  tone: Tone;
  text: string;
}

// A segment is written at most some seconds after its pictures; more is not normal.
const storedLately_us = 20 * second;
const clockMost_us = 5 * second;

export function isStoring(camera: Camera, now_us: number): boolean {
  return (
    camera.state === 'streaming' &&
    camera.last_us !== null &&
    Math.abs(now_us - camera.last_us) < storedLately_us
  );
}

// Between the first picture and the first stored one there are a few seconds.
function isBeginning(camera: Camera, now_us: number): boolean {
  return camera.state === 'streaming' && now_us - camera.since_us < storedLately_us;
}

export function cameraWord(camera: Camera, now_us: number): Word {
  const words = texts.value.words;

  if (!camera.enabled || camera.state === 'off') {
    return { tone: 'off', text: words.off };
  }
  switch (camera.state) {
    case 'connecting':
      return { tone: 'busy', text: words.connecting };
    case 'waiting':
      return { tone: 'bad', text: words.waiting };
    case 'refused':
      return { tone: 'bad', text: words.refused };
    case 'streaming':
      if (isStoring(camera, now_us)) {
        return { tone: 'good', text: words.recording };
      }
      return isBeginning(camera, now_us)
        ? { tone: 'busy', text: words.connecting }
        : { tone: 'bad', text: words.notStored };
  }
}

export interface Concern {
  key: string;
  tone: Tone;
  what: string;
  step: string;
  // The recorder's own words, in English.
  detail: string;
  label: string;
  target: string;
  // Of an alarm that nobody has seen yet, or who has.
  alarm?: Alarm;
  seenBy?: string;
}

type Draft = [tone: Tone, what: string, step: string, label: string, place: Place, rest?: string[]];

function concern(key: string, detail: string, draft: Draft): Concern {
  const [tone, what, step, label, place, rest] = draft;
  return { key, detail, tone, what, step, label, target: href(place, rest) };
}

function storageConcerns(status: Status): Concern[] {
  const t = texts.value.concerns;
  const { state, error } = status.storage;
  const drafts: Record<typeof state, Draft | undefined> = {
    failed: ['bad', t.storageFailed, t.storageFailedStep, t.seeStorage, 'system'],
    full: ['bad', t.storageFull, t.storageFullStep, t.seeStorage, 'system'],
    tight: ['warn', t.storageTight, t.storageTightStep, t.seeStorage, 'system'],
    starting: ['busy', t.storageStarting, t.storageStartingStep, t.seeStorage, 'system'],
    ok: undefined,
  };
  const draft = drafts[state];
  return draft ? [concern('storage', error, draft)] : [];
}

function cameraConcern(camera: Camera, now_us: number): Draft | undefined {
  const t = texts.value.concerns;
  const { id, name } = camera;

  if (!camera.enabled || camera.state === 'off') {
    return undefined;
  }
  if (camera.state === 'refused') {
    return [
      'bad',
      t.cameraRefused(name),
      t.cameraRefusedStep,
      t.checkAccess,
      'cameras',
      [id, 'edit'],
    ];
  }
  if (camera.state === 'waiting') {
    const since = lengthText(now_us - camera.since_us);
    return ['bad', t.cameraWaiting(name, since), t.cameraWaitingStep, t.seeCamera, 'cameras', [id]];
  }
  if (
    camera.state === 'connecting' ||
    (isBeginning(camera, now_us) && !isStoring(camera, now_us))
  ) {
    return ['busy', t.cameraConnecting(name), t.cameraConnectingStep, t.seeCamera, 'cameras', [id]];
  }
  if (!isStoring(camera, now_us)) {
    return ['bad', t.cameraNotStored(name), t.cameraNotStoredStep, t.seeStorage, 'system'];
  }
  if (camera.clock_offset_us !== null && Math.abs(camera.clock_offset_us) > clockMost_us) {
    const off = lengthText(Math.abs(camera.clock_offset_us));
    return ['warn', t.cameraClock(name, off), t.cameraClockStep, t.seeCamera, 'cameras', [id]];
  }
  return undefined;
}

export const order: Record<Tone, number> = { bad: 0, warn: 1, busy: 2, off: 3, good: 4 };

// The gravest first; storage before cameras, because it may be their cause.
export function concernsOf(status: Status, now_us: number): Concern[] {
  const t = texts.value.concerns;
  const all = storageConcerns(status);

  for (const role of status.roles) {
    if (!role.ready) {
      const draft: Draft = ['bad', t.roleDown(role.role), t.roleDownStep, t.seeSystem, 'system'];
      all.push(concern(`role ${role.role} ${role.instance}`, '', draft));
    }
  }
  if (status.cameras.length === 0) {
    const draft: Draft = ['warn', t.noCameras, t.noCamerasStep, t.addCamera, 'cameras', ['new']];
    all.push(concern('cameras', '', draft));
  }
  for (const camera of status.cameras) {
    const draft = cameraConcern(camera, now_us);
    if (draft) {
      all.push(concern(camera.id, draft[0] === 'bad' ? camera.error : '', draft));
    }
  }
  return all.sort((a, b) => order[a.tone] - order[b.tone]);
}
