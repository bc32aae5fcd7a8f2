// The recorder's state, asked again and again while somebody looks at the page.
import { signal } from '@preact/signals';
import { api, ApiError, isAborted, type Camera, type Status } from './api';
import { forgetCare, refreshCare } from './care';
import { noteRecorderClock } from './session';

const periodMs = 2000;
// Alarms, duties and maintenance change seldom: every third question is enough.
const carePeriod = 3;

export const status = signal<Status | undefined>(undefined);
// Not undefined while the last question stayed without a good answer.
export const statusError = signal<ApiError | undefined>(undefined);

export function cameraOf(id: string): Camera | undefined {
  return status.value?.cameras.find((camera) => camera.id === id);
}

export async function refreshStatus(abort?: AbortSignal): Promise<void> {
  try {
    const answer = await api.status(abort);
    if (answer.now_us !== undefined) {
      noteRecorderClock(answer.now_us);
    }
    status.value = answer;
    statusError.value = undefined;
  } catch (reason) {
    if (reason instanceof ApiError) {
      statusError.value = reason;
    } else if (!isAborted(reason)) {
      throw reason;
    }
  }
}

// Returns the function that ends it.
export function watchStatus(): () => void {
  const abort = new AbortController();
  let timer = 0;
  let isAsking = false;
  let round = 0;

  const ask = async (): Promise<void> => {
    if (isAsking || abort.signal.aborted) {
      return;
    }
    isAsking = true;
    window.clearTimeout(timer);
    try {
      await Promise.all([
        refreshStatus(abort.signal),
        round++ % carePeriod === 0 ? refreshCare(abort.signal) : undefined,
      ]);
    } finally {
      isAsking = false;
      if (!abort.signal.aborted && !document.hidden) {
        timer = window.setTimeout(ask, periodMs);
      }
    }
  };
  const onVisible = (): void => {
    if (!document.hidden) {
      void ask();
    }
  };

  document.addEventListener('visibilitychange', onVisible);
  void ask();
  return () => {
    abort.abort();
    window.clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisible);
    status.value = undefined;
    statusError.value = undefined;
    forgetCare();
  };
}
