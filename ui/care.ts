// What is to be taken care of: asked again with the state, by those who may.
import { computed, signal } from '@preact/signals';
import { api, ApiError, isAborted, type Alarm, type Duty, type Maintenance } from './api';
import { mayTakeCare, recorderNowUs } from './session';

export const openAlarms = signal<Alarm[] | undefined>(undefined);
export const duties = signal<Duty[] | undefined>(undefined);
// Those that are not over: some may only be announced.
export const maintenances = signal<Maintenance[] | undefined>(undefined);
export const careError = signal<ApiError | undefined>(undefined);

export const unseenAlarms = computed(
  () => (openAlarms.value ?? []).filter((alarm) => alarm.acknowledged_us === null).length,
);

export async function refreshCare(abort?: AbortSignal): Promise<void> {
  if (!mayTakeCare()) {
    return;
  }
  try {
    const [alarmed, calendar, worked] = await Promise.all([
      api.alarms(true, 0, abort),
      api.duties(abort),
      api.maintenances(abort),
    ]);
    openAlarms.value = alarmed.alarms;
    duties.value = calendar.duties;
    maintenances.value = worked.maintenances;
    careError.value = undefined;
  } catch (reason) {
    if (reason instanceof ApiError) {
      careError.value = reason;
    } else if (!isAborted(reason)) {
      throw reason;
    }
  }
}

export function forgetCare(): void {
  openAlarms.value = undefined;
  duties.value = undefined;
  maintenances.value = undefined;
  careError.value = undefined;
}

export function maintenancesOf(camera: string): Maintenance[] {
  return (maintenances.value ?? []).filter((one) => one.camera === camera);
}

// The work that is going on at a camera now.
export function maintenanceNow(camera: string): Maintenance | undefined {
  const now_us = recorderNowUs();
  return maintenancesOf(camera).find((one) => one.from_us <= now_us && one.to_us > now_us);
}
