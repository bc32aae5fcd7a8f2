import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { isAborted } from '../api';

export interface Answer<T> {
  value: T | undefined;
  error: unknown;
  ask: () => Promise<void>;
}

// What the recorder says to one question, asked again when `key` changes.
export function useAnswer<T>(key: string, question: (abort: AbortSignal) => Promise<T>): Answer<T> {
  const value = useSignal<T | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  const ask = async (abort = new AbortController().signal): Promise<void> => {
    try {
      const answer = await question(abort);
      if (!abort.aborted) {
        value.value = answer;
        error.value = undefined;
      }
    } catch (reason) {
      if (!isAborted(reason)) {
        error.value = reason;
      }
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    void ask(abort.signal);
    return () => abort.abort();
  }, [key]);
  return { value: value.value, error: error.value, ask: () => ask() };
}
