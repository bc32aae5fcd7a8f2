// Who uses the page: from the first question to the recorder until logout.
import { signal } from '@preact/signals';
import { api, ApiError, setCsrf, watchSessionLoss, type Session } from './api';
import type { Place } from './route';

export type Stage = 'asking' | 'unreachable' | 'setup' | 'login' | 'inside';

export const stage = signal<Stage>('asking');
export const session = signal<Session | undefined>(undefined);
export const version = signal('');
// True after a session ended by itself, so that the login page can say so.
export const wasEnded = signal(false);

// The recorder's clock minus the browser's.
export const clockDifferenceUs = signal(0);

export function recorderNowUs(): number {
  return Date.now() * 1000 + clockDifferenceUs.value;
}

export function noteRecorderClock(nowUs: number): void {
  clockDifferenceUs.value = nowUs - Date.now() * 1000;
}

export function isAdministrator(): boolean {
  return session.value?.account.role === 'administrator';
}

// Whether a place is for this account; the recorder itself decides about what is in it.
export function mayEnter(place: Place): boolean {
  switch (place) {
    case 'journal':
      return isAdministrator();
    case 'alarms':
    case 'checklist':
    case 'duties':
      return mayTakeCare();
    default:
      return true;
  }
}

// Maintenance staff do not see pictures.
export function maySeePictures(): boolean {
  const role = session.value?.account.role;
  return role === 'administrator' || role === 'user';
}

// Alarms, incidents, duties and maintenance.
export function mayTakeCare(): boolean {
  const role = session.value?.account.role;
  return role === 'administrator' || role === 'maintenance';
}

export function enter(answer: Session): void {
  setCsrf(answer.csrf);
  noteRecorderClock(answer.now_us);
  session.value = answer;
  wasEnded.value = false;
  stage.value = 'inside';
}

export function leave(ended: boolean): void {
  setCsrf('');
  session.value = undefined;
  wasEnded.value = ended;
  stage.value = 'login';
}

export async function logOut(): Promise<void> {
  try {
    await api.logOut();
  } finally {
    leave(false);
  }
}

// Find out where to begin. The page may be asked for again at any time.
export async function begin(): Promise<void> {
  stage.value = 'asking';
  try {
    const hello = await api.hello();
    version.value = hello.version;
    if (hello.setup_required) {
      stage.value = 'setup';
      return;
    }
    enter(await api.session());
  } catch (reason) {
    if (reason instanceof ApiError && reason.code === 'not_logged_in') {
      leave(false);
    } else {
      stage.value = 'unreachable';
    }
  }
}

watchSessionLoss(() => {
  if (stage.value === 'inside') {
    leave(true);
  }
});
