import { useSignal } from '@preact/signals';
import { ApiError, api, type Incident, type IncidentNote } from '../api';
import { texts } from '../language';
import { incidentText, stepsOf } from '../model/care_words';
import { href } from '../route';
import { status } from '../status';
import { aidRemedies } from './CameraRemedies';
import { Facts } from './Facts';
import { Check, Field } from './Field';
import { Icon } from './Icon';
import { Moment } from './Moment';
import { ErrorNotice, Notice } from './Notice';
import { StateWord } from './StateWord';
import { useAnswer } from './useAnswer';
import { useSending } from './useSending';

const textMost = 500;

export function IncidentWord({ incident }: { incident: Incident }) {
  const t = texts.value.incidents;
  return incident.ended_us === null ? (
    <StateWord tone="warn" text={t.open} />
  ) : (
    <StateWord tone="off" text={t.ended} />
  );
}

// One incident: its checklist, its notes, its end.
export function IncidentView({ number }: { number: number }) {
  const t = texts.value.incidents;
  const answer = useAnswer(String(number), (abort) => api.incident(number, abort));
  const incident = answer.value?.incidents?.[0];

  if (!incident) {
    if (answer.error instanceof ApiError && answer.error.code === 'not_found') {
      return <Notice tone="warn">{t.gone}</Notice>;
    }
    return answer.error === undefined ? (
      <p>{texts.value.loading}</p>
    ) : (
      <ErrorNotice error={answer.error} />
    );
  }
  const isOpen = incident.ended_us === null;
  return (
    <>
      <div class="bar">
        <a
          class="button tool"
          href={href('alarms')}
          aria-label={texts.value.back}
          title={texts.value.back}
        >
          <Icon name="left" />
        </a>
        <h1>{incidentText(incident)}</h1>
      </div>
      <div class="columns">
        <section class="card">
          <h2>{t.one(incident.number)}</h2>
          <IncidentWord incident={incident} />
          <Facts
            rows={[
              [t.owner, incident.owner],
              [t.opened, <Moment us={incident.opened_us} />],
              ...(incident.ended_us === null
                ? []
                : ([
                    [t.end, <Moment us={incident.ended_us} />],
                    [t.outcome, incident.outcome],
                  ] as [string, preact.ComponentChildren][])),
            ]}
          />
        </section>
        <Steps incident={incident} onChange={answer.ask} />
        <Notes incident={incident} notes={answer.value?.notes ?? []} onChange={answer.ask} />
        {isOpen && <Handing incident={incident} onChange={answer.ask} />}
      </div>
      {answer.error !== undefined && <ErrorNotice error={answer.error} />}
    </>
  );
}

interface PartProps {
  incident: Incident;
  onChange: () => Promise<void>;
}

function Steps({ incident, onChange }: PartProps) {
  const t = texts.value.incidents;
  const sending = useSending();
  const steps = stepsOf(incident.kind);
  const isDone = (place: number): boolean => (incident.steps_done & (1 << place)) !== 0;
  return (
    <section class="card">
      <h2>{t.steps}</h2>
      <p class="hint">
        {t.stepsDone(steps.filter((_, place) => isDone(place)).length, steps.length)}
      </p>
      <ol class="steps">
        {steps.map((step, place) => (
          <li key={place}>
            <Check
              label={step}
              checked={isDone(place)}
              disabled={incident.ended_us !== null || sending.isBusy.value}
              onCheck={() =>
                void sending.send(async () => {
                  await api.workOnIncident(incident.number, {
                    step: place + 1,
                    is_undone: isDone(place),
                  });
                  await onChange();
                })
              }
            />
            {incident.kind === 'takeover' && !isDone(place) && incident.ended_us === null && (
              <AidLink incident={incident} place={place} />
            )}
          </li>
        ))}
      </ol>
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
    </section>
  );
}

// To where a step of first aid is done. Such incidents are called "takeover entrance".
function AidLink({ incident, place }: { incident: Incident; place: number }) {
  const name = incident.title.split(' ').slice(1).join(' ');
  const camera = status.value?.cameras.find((known) => known.name === name);
  const remedy = aidRemedies[place];
  return camera ? (
    <a class="button" href={href('cameras', [camera.id], remedy ? { fix: remedy } : {})}>
      {texts.value.remedy.aidSteps[place]}
    </a>
  ) : null;
}

interface OneFieldProps {
  label: string;
  hint?: string;
  name: string;
  submit: string;
  maxLength: number;
  send: (text: string) => Promise<unknown>;
}

// A form of one field that must not stay empty; its errors stand beneath it.
function OneField({ label, hint, name, submit, maxLength, send }: OneFieldProps) {
  const text = useSignal('');
  const isMissing = useSignal(false);
  const sending = useSending();

  const onSubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isMissing.value = text.value.trim() === '';
    if (!isMissing.value && (await sending.send(() => send(text.value.trim())))) {
      text.value = '';
    }
  };
  return (
    <form onSubmit={(event) => void onSubmit(event)} noValidate>
      <Field
        label={label}
        name={name}
        value={text.value}
        onText={(value) => (text.value = value)}
        maxLength={maxLength}
        autocomplete="off"
        error={isMissing.value ? texts.value.incidents.missing : undefined}
        {...(hint ? { hint } : {})}
      />
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <button type="submit" disabled={sending.isBusy.value}>
        {submit}
      </button>
    </form>
  );
}

function Notes({ incident, notes, onChange }: PartProps & { notes: IncidentNote[] }) {
  const t = texts.value.incidents;
  return (
    <section class="card">
      <h2>{t.notes}</h2>
      {notes.length === 0 && <p>{t.notesNone}</p>}
      <ol class="notes">
        {notes.map((note, place) => (
          <li key={place}>
            <p class="hint">
              <Moment us={note.at_us} /> {note.by}
            </p>
            <p>{note.text}</p>
          </li>
        ))}
      </ol>
      {incident.ended_us === null && (
        <OneField
          label={t.note}
          hint={t.noteHint}
          name="note"
          submit={t.addNote}
          maxLength={textMost}
          send={async (text) => {
            await api.workOnIncident(incident.number, { text });
            await onChange();
          }}
        />
      )}
    </section>
  );
}

function Handing({ incident, onChange }: PartProps) {
  const t = texts.value.incidents;
  return (
    <section class="card">
      <h2>{t.finish}</h2>
      <OneField
        label={t.finishOutcome}
        name="outcome"
        submit={t.finishSubmit}
        maxLength={textMost}
        send={async (outcome) => {
          await api.endIncident(incident.number, outcome);
          await onChange();
        }}
      />
      <details>
        <summary>{t.give}</summary>
        <OneField
          label={t.owner}
          name="owner"
          submit={t.giveSubmit}
          maxLength={60}
          send={async (owner) => {
            await api.workOnIncident(incident.number, { has_owner: true, owner });
            await onChange();
          }}
        />
      </details>
    </section>
  );
}
