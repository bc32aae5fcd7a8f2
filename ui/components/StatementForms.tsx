import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { api, type Answer, type EvidenceAnswer, type Requirement } from '../api';
import { texts } from '../language';
import { day, fromField, toField } from '../model/moments';
import { recorderNowUs } from '../session';
import { Field } from './Field';
import { Moment } from './Moment';
import { ErrorNotice } from './Notice';
import { useSending } from './useSending';

interface AttestProps {
  requirement: Requirement;
  cameras: Answer[];
  onDone: () => void;
}

const statable = ['met', 'not_met', 'not_applicable'] as const;

// A person states what observation does not answer, with a document and an end.
export function AttestForm({ requirement, cameras, onDone }: AttestProps) {
  const t = texts.value.checklist;
  const state = useSignal<(typeof statable)[number]>('met');
  const camera = useSignal('');
  const paper = useSignal('');
  const note = useSignal('');
  const until = useSignal(toField(recorderNowUs() + 365 * day));
  const isMissing = useSignal(false);
  const sending = useSending();
  const id = useId();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const until_us = fromField(until.value);
    isMissing.value = paper.value.trim() === '';
    if (isMissing.value) {
      return;
    }
    const isDone = await sending.send(() =>
      api.attest({
        requirement: requirement.requirement,
        state: state.value,
        document: paper.value.trim(),
        note: note.value.trim(),
        ...(camera.value ? { camera: camera.value } : {}),
        ...(until_us === undefined ? {} : { until_us }),
      }),
    );
    if (isDone) {
      paper.value = '';
      note.value = '';
      onDone();
    }
  };
  return (
    <details>
      <summary>{t.attest}</summary>
      <form class="card" onSubmit={(event) => void submit(event)} noValidate>
        <p>{t.attestText}</p>
        <div class="fields">
          <div class="field">
            <label for={`${id}s`}>{t.statement}</label>
            <select
              id={`${id}s`}
              name="state"
              value={state.value}
              onChange={(event) => {
                const wished = event.currentTarget.value;
                state.value = statable.find((known) => known === wished) ?? 'met';
              }}
            >
              {statable.map((known) => (
                <option key={known} value={known}>
                  {t.states[known]}
                </option>
              ))}
            </select>
          </div>
          {cameras.length > 0 && (
            <div class="field">
              <label for={`${id}c`}>{t.columns.device}</label>
              <select
                id={`${id}c`}
                name="camera"
                value={camera.value}
                onChange={(event) => (camera.value = event.currentTarget.value)}
              >
                <option value="">{t.everywhere}</option>
                {cameras.map((one) => (
                  <option key={one.camera} value={one.camera ?? ''}>
                    {one.camera_name}
                  </option>
                ))}
              </select>
            </div>
          )}
        </div>
        <Field
          label={t.document}
          name="document"
          value={paper.value}
          onText={(text) => (paper.value = text)}
          maxLength={250}
          autocomplete="off"
          hint={t.documentHint}
          error={isMissing.value ? t.missing : undefined}
        />
        <Field
          label={t.note}
          name="note"
          value={note.value}
          onText={(text) => (note.value = text)}
          maxLength={500}
          autocomplete="off"
        />
        <Field
          label={t.until}
          name="until"
          type="datetime-local"
          step={1}
          value={until.value}
          onText={(text) => (until.value = text)}
          hint={t.untilHint}
        />
        {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
        <button class="primary" type="submit" disabled={sending.isBusy.value}>
          {t.attestSubmit}
        </button>
      </form>
    </details>
  );
}

// Live with it for a time: the answer stays what it is.
export function WaiveForm({
  requirement,
  onDone,
}: {
  requirement: Requirement;
  onDone: () => void;
}) {
  const t = texts.value.checklist;
  const reason = useSignal('');
  const until = useSignal(toField(recorderNowUs() + 90 * day));
  const isMissing = useSignal(false);
  const sending = useSending();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isMissing.value = reason.value.trim() === '';
    if (isMissing.value) {
      return;
    }
    const isDone = await sending.send(() =>
      api.waive({
        requirement: requirement.requirement,
        reason: reason.value.trim(),
        until_us: fromField(until.value) ?? 0,
      }),
    );
    if (isDone) {
      reason.value = '';
      onDone();
    }
  };
  return (
    <details>
      <summary>{t.waive}</summary>
      <form class="card" onSubmit={(event) => void submit(event)} noValidate>
        <p>{t.waiveText}</p>
        <Field
          label={t.reason}
          name="reason"
          value={reason.value}
          onText={(text) => (reason.value = text)}
          maxLength={500}
          autocomplete="off"
          error={isMissing.value ? t.missing : undefined}
        />
        <Field
          label={t.until}
          name="waived-until"
          type="datetime-local"
          step={1}
          value={until.value}
          onText={(text) => (until.value = text)}
        />
        {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
        <button type="submit" disabled={sending.isBusy.value}>
          {t.waiveSubmit}
        </button>
      </form>
    </details>
  );
}

interface ListProps {
  found: EvidenceAnswer;
  mayWithdraw: boolean;
  onChange: () => void;
}

// All that was ever said; what was withdrawn stays, with who withdrew it.
export function StatementList({ found, mayWithdraw, onChange }: ListProps) {
  const t = texts.value.checklist;
  const sending = useSending();
  const noteOf = (note: string): string => (note ? ` (${note})` : '');
  const said = (found.attestations ?? []).map((one) => ({
    ...one,
    isWaiver: false,
    what: `${t.states[one.state]}: ${one.document}${noteOf(one.note)}`,
  }));
  const waived = (found.waivers ?? []).map((one) => ({
    ...one,
    isWaiver: true,
    what: `${t.waived}: ${one.reason}`,
  }));
  const all = [...said, ...waived].sort((a, b) => b.made_us - a.made_us);

  if (all.length === 0) {
    return null;
  }
  const withdraw = (number: number, isWaiver: boolean): void =>
    void sending
      .send(() => (isWaiver ? api.endWaiver(number) : api.withdraw(number)))
      .then((isDone) => isDone && onChange());
  return (
    <section>
      <h2>{t.statements}</h2>
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <table class="list card">
        <thead>
          <tr>
            <th scope="col">{t.statement}</th>
            <th scope="col">{t.columns.by}</th>
            <th scope="col">{t.columns.made}</th>
            <th scope="col">{t.until}</th>
            <th scope="col">
              <span class="visually-hidden">{t.withdraw}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={`${one.isWaiver} ${one.number}`}>
              <th scope="row">
                {one.camera_name && `${one.camera_name}: `}
                {one.what}
              </th>
              <td data-label={t.columns.by}>{one.by}</td>
              <td data-label={t.columns.made}>
                <Moment us={one.made_us} />
              </td>
              <td data-label={t.until}>
                <Moment us={one.until_us} />
                {one.until_us <= recorderNowUs() && ` (${t.over})`}
              </td>
              <td data-label="">
                {one.withdrawn_us !== null ? (
                  t.withdrawnBy(one.withdrawn_by)
                ) : mayWithdraw ? (
                  <button
                    disabled={sending.isBusy.value}
                    aria-label={`${t.withdraw}: ${one.what}`}
                    onClick={() => withdraw(one.number, one.isWaiver)}
                  >
                    {t.withdraw}
                  </button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
