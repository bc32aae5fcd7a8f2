import { useSignal } from '@preact/signals';
import { api, type Camera, type Maintenance } from '../api';
import { maintenanceNow, maintenancesOf, refreshCare } from '../care';
import { texts } from '../language';
import { day, fromField, hour, second, toField } from '../model/moments';
import { mayTakeCare, recorderNowUs } from '../session';
import { Facts } from './Facts';
import { Field } from './Field';
import { Moment } from './Moment';
import { ErrorNotice } from './Notice';
import { StateWord } from './StateWord';
import { useSending } from './useSending';

const longest_us = 14 * day;

// Shown beside a camera's state while somebody works on it.
export function MaintenanceWord({ camera }: { camera: Camera }) {
  return maintenanceNow(camera.id) ? (
    <StateWord tone="busy" text={texts.value.maintenance.now} />
  ) : null;
}

// Announced work on a camera: what is going on, what will be, and a form for more.
export function MaintenanceCard({ camera }: { camera: Camera }) {
  const t = texts.value.maintenance;
  const works = maintenancesOf(camera.id);

  if (!mayTakeCare()) {
    return null;
  }
  return (
    <section class="card maintenance">
      <h2>{t.title}</h2>
      {works.map((work) => (
        <OneWork key={work.number} work={work} />
      ))}
      <p class="hint">{t.text}</p>
      {/* Folded again when the work is announced. */}
      <details key={works.length}>
        <summary>{t.begin}</summary>
        <BeginWork camera={camera} />
      </details>
    </section>
  );
}

function OneWork({ work }: { work: Maintenance }) {
  const t = texts.value.maintenance;
  const sending = useSending();
  const isNow = work.from_us <= recorderNowUs();
  return (
    <div class="work">
      <StateWord tone="busy" text={isNow ? t.now : t.planned} />
      <Facts
        rows={[
          [t.from, <Moment us={work.from_us} />],
          [t.to, <Moment us={work.to_us} />],
          [t.by, work.by],
          [t.note, work.note || '–'],
        ]}
      />
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <button
        disabled={sending.isBusy.value}
        onClick={() =>
          void sending.send(async () => {
            await api.endMaintenance(work.number);
            await refreshCare();
          })
        }
      >
        {isNow ? t.end : t.cancel}
      </button>
    </div>
  );
}

function BeginWork({ camera }: { camera: Camera }) {
  const t = texts.value.maintenance;
  const now_us = recorderNowUs();
  const from = useSignal(toField(now_us));
  const to = useSignal(toField(now_us + 2 * hour));
  const note = useSignal('');
  const wrong = useSignal<{ to?: string; note?: string }>({});
  const sending = useSending();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const from_us = fromField(from.value) ?? 0;
    const to_us = fromField(to.value) ?? 0;
    const time =
      to_us <= from_us || to_us <= recorderNowUs()
        ? t.order
        : to_us - from_us > longest_us
          ? t.long
          : undefined;
    wrong.value = {
      ...(time ? { to: time } : {}),
      ...(note.value.trim() === '' ? { note: t.missing } : {}),
    };
    if (Object.keys(wrong.value).length > 0) {
      return;
    }
    await sending.send(async () => {
      await api.beginMaintenance({
        camera: camera.id,
        // Without one it begins now, by the recorder's clock.
        ...(from_us > recorderNowUs() + second ? { from_us } : {}),
        to_us,
        note: note.value.trim(),
      });
      await refreshCare();
    });
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <div class="fields">
        <Field
          label={t.from}
          name="work-from"
          type="datetime-local"
          step={1}
          value={from.value}
          onText={(text) => (from.value = text)}
        />
        <Field
          label={t.to}
          name="work-to"
          type="datetime-local"
          step={1}
          value={to.value}
          onText={(text) => (to.value = text)}
          error={wrong.value.to}
        />
      </div>
      <Field
        label={t.note}
        name="work-note"
        value={note.value}
        onText={(text) => (note.value = text)}
        maxLength={500}
        autocomplete="off"
        hint={t.noteHint}
        error={wrong.value.note}
      />
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <button class="primary" type="submit" disabled={sending.isBusy.value}>
        {t.begin}
      </button>
    </form>
  );
}
