import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isAborted, type Camera, type Range } from '../api';
import { texts } from '../language';
import { exportClip, type ExportProgress } from '../media/export_job';
import { bytesText, lengthText } from '../model/amounts';
import { exportSize } from '../model/export_size';
import { fromField, offsetText, second, toField } from '../model/moments';
import type { SegmentStore } from '../model/segment_store';
import { Check, Field } from './Field';
import { Facts } from './Facts';
import { ErrorNotice, Notice } from './Notice';

interface RangeExportProps {
  range: Signal<Range | undefined>;
  cameras: Camera[];
  storeOf: (id: string) => SegmentStore;
  chosen: string[];
}

type Outcome =
  | { kind: 'message'; tone: 'good' | 'warn'; text: string }
  | { kind: 'failed'; name: string; error: unknown };

function fileName(camera: Camera, range: Range): string {
  const stamp = toField(range[0]).replace(/[-:]/g, '').replace('T', '-');
  return `${camera.name.replace(/[\\/:*?"<>|\s]+/g, '-')}-${stamp}.mp4`;
}

// The chosen range of time as MP4 files, one a camera.
export function RangeExport({ range, cameras, storeOf, chosen }: RangeExportProps) {
  const t = texts.value.export;
  const picked = useSignal<string[]>(chosen);
  const size = useSignal<number | undefined>(undefined);
  const running = useSignal<{ name: string; progress: ExportProgress | undefined } | undefined>(
    undefined,
  );
  const outcomes = useSignal<Outcome[]>([]);
  const abort = useRef<AbortController | undefined>(undefined);
  const now = range.value;
  const isOrdered = now !== undefined && now[1] > now[0];
  const targets = cameras.filter((camera) => picked.value.includes(camera.id));
  const key = `${now?.join()} ${targets.map((camera) => camera.id).join()}`;

  useEffect(() => {
    let isStale = false;
    const timer = window.setTimeout(async () => {
      if (!now || !isOrdered) {
        return;
      }
      const sizes = await Promise.all(
        targets.map((camera) => exportSize(camera, storeOf(camera.id), now).catch(() => undefined)),
      );
      if (!isStale) {
        size.value = sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
      }
    }, 250);
    return () => {
      isStale = true;
      window.clearTimeout(timer);
    };
  }, [key]);
  useEffect(() => () => abort.current?.abort(), []);

  if (!now) {
    return null;
  }

  const exportOne = async (camera: Camera, signal: AbortSignal): Promise<Outcome> => {
    const name = fileName(camera, now);
    let done = 0;
    running.value = { name, progress: undefined };
    try {
      const result = await exportClip(camera.id, now[0], now[1], name, signal, (progress) => {
        done = progress.done_bytes;
        running.value = { name, progress };
      });
      const words = {
        saved: t.done(name, bytesText(done)),
        'handed over': t.handedOver,
        incomplete: t.incomplete,
      };
      return {
        kind: 'message',
        tone: result === 'incomplete' ? 'warn' : 'good',
        text: words[result],
      };
    } catch (error) {
      return isAborted(error)
        ? { kind: 'message', tone: 'warn', text: t.cancelled }
        : { kind: 'failed', name, error };
    }
  };
  const start = async (): Promise<void> => {
    const control = new AbortController();
    abort.current = control;
    outcomes.value = [];
    for (const camera of targets) {
      if (!control.signal.aborted) {
        outcomes.value = [...outcomes.value, await exportOne(camera, control.signal)];
      }
    }
    running.value = undefined;
  };
  const edit = (end: 0 | 1) => (text: string) => {
    const us = fromField(text);
    if (us !== undefined) {
      range.value = end === 0 ? [us, now[1]] : [now[0], us];
    }
  };

  return (
    <section class="card export" aria-label={t.title}>
      <h2>{t.title}</h2>
      <div class="fields">
        <Field
          label={`${t.from} (${offsetText(now[0])})`}
          type="datetime-local"
          step={1}
          value={toField(now[0])}
          onText={edit(0)}
        />
        <Field
          label={`${t.to} (${offsetText(now[1])})`}
          type="datetime-local"
          step={1}
          value={toField(now[1])}
          onText={edit(1)}
          error={isOrdered ? undefined : t.order}
        />
      </div>
      <fieldset>
        <legend>{t.cameras}</legend>
        <div class="chips">
          {cameras.map((camera) => (
            <Check
              key={camera.id}
              label={camera.name}
              checked={picked.value.includes(camera.id)}
              onCheck={(isOn) => {
                const rest = picked.value.filter((id) => id !== camera.id);
                picked.value = isOn ? [...rest, camera.id] : rest;
              }}
            />
          ))}
        </div>
      </fieldset>
      <Facts
        rows={[
          [t.length, lengthText(now[1] - now[0])],
          [t.size, size.value ? bytesText(size.value) : size.value === 0 ? t.nothing : '…'],
        ]}
      />
      <p class="hint">{t.startsEarlier}</p>
      {running.value ? (
        <Running
          name={running.value.name}
          progress={running.value.progress}
          onCancel={() => abort.current?.abort()}
        />
      ) : (
        <div class="buttons">
          <button
            class="primary"
            disabled={!isOrdered || targets.length === 0 || !size.value}
            onClick={start}
          >
            {targets.length > 1 ? t.startMany(targets.length) : t.start}
          </button>
          <button onClick={() => (range.value = undefined)}>{t.drop}</button>
        </div>
      )}
      {outcomes.value.map((outcome, i) =>
        outcome.kind === 'message' ? (
          <Notice key={i} tone={outcome.tone}>
            {outcome.text}
          </Notice>
        ) : (
          <div key={i}>
            <ErrorNotice error={outcome.error} />
            <p>{t.failed(outcome.name)}</p>
          </div>
        ),
      )}
    </section>
  );
}

interface RunningProps {
  name: string;
  progress: ExportProgress | undefined;
  onCancel: () => void;
}

function Running({ name, progress, onCancel }: RunningProps) {
  const t = texts.value.export;
  const all = progress?.all_bytes;
  const rate = progress?.bytes_a_second ?? 0;
  const left = all && rate ? lengthText(((all - progress.done_bytes) / rate) * second) : '…';
  return (
    <div class="progress" role="status">
      <p>{t.running(name)}</p>
      <progress max={all ?? 1} {...(all ? { value: progress.done_bytes } : {})} />
      {progress && (
        <p class="hint">
          {all
            ? t.progress(bytesText(progress.done_bytes), bytesText(all), bytesText(rate), left)
            : t.progressOpen(bytesText(progress.done_bytes), bytesText(rate))}
        </p>
      )}
      <button onClick={onCancel}>{texts.value.cancel}</button>
    </div>
  );
}
