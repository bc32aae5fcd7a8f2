import type { Signal } from '@preact/signals';
import type { Camera } from '../api';
import { texts } from '../language';

export const camerasMost = 4;

// Which cameras are played, side by side and in step.
export function CameraChooser({
  cameras,
  chosen,
}: {
  cameras: Camera[];
  chosen: Signal<string[]>;
}) {
  const t = texts.value.recordings;
  const isFull = chosen.value.length >= camerasMost;
  return (
    <fieldset class="chooser">
      <legend>
        {t.cameras} <span class="hint">{t.chooseCameras}</span>
      </legend>
      <div class="chips">
        {cameras.map((camera) => {
          const isOn = chosen.value.includes(camera.id);
          return (
            <button
              key={camera.id}
              class="chip"
              aria-pressed={isOn}
              disabled={!isOn && isFull}
              onClick={() => {
                const rest = chosen.value.filter((id) => id !== camera.id);
                const next = isOn ? rest : [...rest, camera.id];
                chosen.value = next.length > 0 ? next : chosen.value;
              }}
            >
              {camera.name}
            </button>
          );
        })}
      </div>
    </fieldset>
  );
}
