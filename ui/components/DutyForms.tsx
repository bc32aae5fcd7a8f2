import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { api, dutyResults, type Duty, type DutyChange, type DutyResult } from '../api';
import { refreshCare } from '../care';
import { texts } from '../language';
import { fromField, toField } from '../model/moments';
import { Field } from './Field';
import { ErrorNotice } from './Notice';
import { useSending } from './useSending';

const intervalMost = 3660;

// That a duty was done, or why not.
export function RecordDuty({ duty, onDone }: { duty: Duty; onDone: () => void }) {
  const t = texts.value.duties;
  const result = useSignal<DutyResult>('fine');
  const note = useSignal('');
  const isMissing = useSignal(false);
  const sending = useSending();
  const id = useId();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isMissing.value = result.value !== 'fine' && note.value.trim() === '';
    if (isMissing.value) {
      return;
    }
    const isDone = await sending.send(async () => {
      await api.recordDuty(duty.number, result.value, note.value.trim());
      await refreshCare();
    });
    if (isDone) {
      note.value = '';
      onDone();
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)} noValidate>
      <h2>{t.recordTitle}</h2>
      <div class="field">
        <label for={id}>{t.result}</label>
        <select
          id={id}
          name="result"
          value={result.value}
          onChange={(event) => {
            const chosen = dutyResults.find((known) => known === event.currentTarget.value);
            result.value = chosen ?? 'fine';
          }}
        >
          {dutyResults.map((known) => (
            <option key={known} value={known}>
              {t.results[known]}
            </option>
          ))}
        </select>
      </div>
      <Field
        label={t.note}
        name="note"
        value={note.value}
        onText={(text) => (note.value = text)}
        maxLength={500}
        autocomplete="off"
        hint={t.noteHints[result.value]}
        error={isMissing.value ? t.missing : undefined}
      />
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <button class="primary" type="submit" disabled={sending.isBusy.value}>
        {t.submit}
      </button>
    </form>
  );
}

interface PutDutyProps {
  // undefined: a new one
  duty: Duty | undefined;
  onDone: (duty: Duty | undefined) => void;
}

// A duty of one's own, or the interval, owner and next date of any.
export function PutDuty({ duty, onDone }: PutDutyProps) {
  const t = texts.value.duties;
  const title = useSignal(duty?.title ?? '');
  const owner = useSignal(duty?.owner ?? '');
  const interval = useSignal(duty ? String(duty.interval_days) : '30');
  const due = useSignal(duty ? toField(duty.due_us) : '');
  const wrong = useSignal<{ title?: string; interval?: string }>({});
  const sending = useSending();
  const hasTitle = !duty || duty.kind === 'own';

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const days = Number(interval.value);
    const isGood = Number.isInteger(days) && days >= 1 && days <= intervalMost;
    wrong.value = {
      ...(hasTitle && title.value.trim() === '' ? { title: t.missing } : {}),
      ...(isGood ? {} : { interval: t.intervalBad }),
    };
    if (Object.keys(wrong.value).length > 0) {
      return;
    }
    const due_us = fromField(due.value);
    const change: DutyChange = {
      title: title.value.trim(),
      owner: owner.value.trim(),
      interval_days: days,
      // The field has no parts of a second: what was not changed stays as it is.
      ...(due_us === undefined || (duty && due.value === toField(duty.due_us)) ? {} : { due_us }),
    };
    let put: Duty | undefined;
    const isDone = await sending.send(async () => {
      put = (duty ? await api.changeDuty(duty.number, change) : await api.addDuty(change))
        .duties[0];
      await refreshCare();
    });
    if (isDone) {
      onDone(put);
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)} noValidate>
      <h2>{duty ? t.change : t.addTitle}</h2>
      {hasTitle && (
        <Field
          label={t.what}
          name="title"
          value={title.value}
          onText={(text) => (title.value = text)}
          maxLength={120}
          autocomplete="off"
          error={wrong.value.title}
        />
      )}
      <div class="fields">
        <Field
          label={t.interval}
          name="interval"
          value={interval.value}
          onText={(text) => (interval.value = text)}
          inputMode="decimal"
          error={wrong.value.interval}
        />
        <Field
          label={t.owner}
          name="owner"
          value={owner.value}
          onText={(text) => (owner.value = text)}
          maxLength={60}
          autocomplete="off"
          hint={t.ownerHint}
        />
        <Field
          label={t.next}
          name="due"
          type="datetime-local"
          step={1}
          value={due.value}
          onText={(text) => (due.value = text)}
          {...(duty ? {} : { hint: t.nextHint })}
        />
      </div>
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <div class="buttons">
        <button class="primary" type="submit" disabled={sending.isBusy.value}>
          {duty ? texts.value.save : t.add}
        </button>
        {!duty && (
          <button type="button" onClick={() => onDone(undefined)}>
            {texts.value.cancel}
          </button>
        )}
      </div>
    </form>
  );
}
