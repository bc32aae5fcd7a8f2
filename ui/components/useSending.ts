import { useSignal, type Signal } from '@preact/signals';

export interface Sending {
  isBusy: Signal<boolean>;
  error: Signal<unknown>;
  // Do it unless something is on its way. Returns whether it was done; else `error` says why not.
  send: (work: () => Promise<unknown>) => Promise<boolean>;
}

// One change at a time, with its error to be shown where it was begun.
export function useSending(): Sending {
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(undefined);

  const send = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (isBusy.value) {
      return false;
    }
    isBusy.value = true;
    error.value = undefined;
    try {
      await work();
      return true;
    } catch (reason) {
      error.value = reason;
      return false;
    } finally {
      isBusy.value = false;
    }
  };
  return { isBusy, error, send };
}
