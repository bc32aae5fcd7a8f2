import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, type Camera } from '../api';
import { texts } from '../language';
import { bytesText } from '../model/amounts';
import { refreshStatus } from '../status';
import { ErrorNotice } from './Notice';

interface RemoveCameraProps {
  camera: Camera;
  onDone: (isRemoved: boolean) => void;
}

// Says what removing will do, and does it only then.
export function RemoveCamera({ camera, onDone }: RemoveCameraProps) {
  const t = texts.value.remove;
  const dialog = useRef<HTMLDialogElement>(null);
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);

  useEffect(() => dialog.current?.showModal(), []);

  const remove = async (): Promise<void> => {
    isBusy.value = true;
    error.value = undefined;
    try {
      await api.removeCamera(camera.id);
      await refreshStatus();
      onDone(true);
    } catch (reason) {
      error.value = reason;
      isBusy.value = false;
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="remove-title" onClose={() => onDone(false)}>
      <h2 id="remove-title">{t.title(camera.name)}</h2>
      <ul>
        <li>{t.what}</li>
        <li>{t.stays(bytesText(camera.kept_bytes))}</li>
        <li>{t.cannot}</li>
      </ul>
      {error.value !== undefined && <ErrorNotice error={error.value} />}
      <div class="buttons">
        <button class="danger" disabled={isBusy.value} onClick={remove}>
          {t.submit}
        </button>
        <button autofocus onClick={() => dialog.current?.close()}>
          {texts.value.cancel}
        </button>
      </div>
    </dialog>
  );
}
