import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, type Alarm, type Incident } from '../api';
import { careError, openAlarms, refreshCare } from '../care';
import { AlarmCard } from '../components/AlarmCard';
import { Field } from '../components/Field';
import { IncidentView, IncidentWord } from '../components/IncidentView';
import { Moment } from '../components/Moment';
import { ErrorNotice } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { useAnswer } from '../components/useAnswer';
import { useSending } from '../components/useSending';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { alarmText, incidentText, severityWord } from '../model/care_words';
import { order } from '../model/judge';
import { go, href, route } from '../route';

// #/alarms, #/alarms/incidents/<number>
export function Alarms() {
  const [first, second] = route.value.rest;
  const number = Number(second);

  useEffect(() => void refreshCare(), []);
  return first === 'incidents' && Number.isSafeInteger(number) ? (
    <IncidentView key={number} number={number} />
  ) : (
    <AllAlarms />
  );
}

function AllAlarms() {
  const t = texts.value.alarms;
  const alarms = openAlarms.value;
  const sorted = [...(alarms ?? [])].sort(
    (a, b) =>
      Number(a.acknowledged_us !== null) - Number(b.acknowledged_us !== null) ||
      order[severityWord(a).tone] - order[severityWord(b).tone] ||
      b.number - a.number,
  );
  return (
    <>
      <h1>{t.title}</h1>
      {careError.value && <ErrorNotice error={careError.value} />}
      <section>
        <h2>{t.open}</h2>
        {!alarms && <p>{texts.value.loading}</p>}
        {alarms?.length === 0 && (
          <p>
            <StateWord tone="good" text={t.none} />
          </p>
        )}
        <ul class="alarms">
          {sorted.map((alarm) => (
            <AlarmCard key={alarm.number} alarm={alarm} />
          ))}
        </ul>
      </section>
      <Incidents />
      <Unfolding title={t.past}>{() => <PastAlarms />}</Unfolding>
      <Unfolding title={texts.value.incidents.past}>{() => <PastIncidents />}</Unfolding>
    </>
  );
}

// What is asked for only when somebody wants to see it.
function Unfolding({ title, children }: { title: string; children: () => preact.JSX.Element }) {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen.value && children()}
    </details>
  );
}

function Incidents() {
  const t = texts.value.incidents;
  const answer = useAnswer('open', (abort) => api.incidents(true, abort));
  return (
    <section>
      <h2>{t.title}</h2>
      {answer.error !== undefined && <ErrorNotice error={answer.error} />}
      {answer.value?.incidents.length === 0 && <p>{t.none}</p>}
      {answer.value && <IncidentTable incidents={answer.value.incidents} />}
      <details>
        <summary>{t.begin}</summary>
        <BeginIncident />
      </details>
    </section>
  );
}

function IncidentTable({ incidents }: { incidents: Incident[] }) {
  const t = texts.value.incidents;
  return incidents.length === 0 ? null : (
    <table class="list card">
      <thead>
        <tr>
          <th scope="col">{t.what}</th>
          <th scope="col">{t.state}</th>
          <th scope="col">{t.owner}</th>
          <th scope="col">{t.opened}</th>
        </tr>
      </thead>
      <tbody>
        {incidents.map((incident) => (
          <tr key={incident.number}>
            <th scope="row">
              <a href={href('alarms', ['incidents', String(incident.number)])}>
                {incidentText(incident)}
              </a>
              {incident.outcome && <span class="hint">{incident.outcome}</span>}
            </th>
            <td data-label={t.state}>
              <IncidentWord incident={incident} />
            </td>
            <td data-label={t.owner}>{incident.owner}</td>
            <td data-label={t.opened}>
              <Moment us={incident.opened_us} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function BeginIncident() {
  const t = texts.value.incidents;
  const title = useSignal('');
  const owner = useSignal('');
  const isMissing = useSignal(false);
  const sending = useSending();

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    isMissing.value = title.value.trim() === '';
    if (isMissing.value) {
      return;
    }
    let number = 0;
    const isDone = await sending.send(async () => {
      const wish = { title: title.value.trim(), owner: owner.value.trim() };
      number = (await api.openIncident(wish)).incidents[0]?.number ?? 0;
    });
    if (isDone && number) {
      go(href('alarms', ['incidents', String(number)]));
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)} noValidate>
      <p>{t.beginHint}</p>
      <div class="fields">
        <Field
          label={t.what}
          name="title"
          value={title.value}
          onText={(text) => (title.value = text)}
          maxLength={120}
          autocomplete="off"
          error={isMissing.value ? t.missing : undefined}
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
      </div>
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <button class="primary" type="submit" disabled={sending.isBusy.value}>
        {t.begin}
      </button>
    </form>
  );
}

function PastIncidents() {
  const t = texts.value.incidents;
  const answer = useAnswer('all', (abort) => api.incidents(false, abort));
  const past = answer.value?.incidents.filter((incident) => incident.ended_us !== null);

  if (answer.error !== undefined) {
    return <ErrorNotice error={answer.error} />;
  }
  if (!past) {
    return <p>{texts.value.loading}</p>;
  }
  return past.length === 0 ? <p>{t.pastNone}</p> : <IncidentTable incidents={past} />;
}

// A page of alarms at a time; those that are open are not past.
function PastAlarms() {
  const t = texts.value.alarms;
  const found = useSignal<Alarm[]>([]);
  const hasMore = useSignal(false);
  const sending = useSending();
  const columns = t.columns;

  const ask = (): Promise<boolean> =>
    sending.send(async () => {
      const { alarms } = await api.alarms(false, found.value.at(-1)?.number ?? 0);
      found.value = [...found.value, ...alarms];
      hasMore.value = alarms.length >= 100;
    });
  useEffect(() => void ask(), []);

  const past = found.value.filter((alarm) => alarm.cleared_us !== null);
  return (
    <>
      {past.length === 0 && !sending.isBusy.value && <p>{t.pastNone}</p>}
      {past.length > 0 && (
        <table class="list card">
          <thead>
            <tr>
              <th scope="col">{columns.what}</th>
              <th scope="col">{columns.since}</th>
              <th scope="col">{columns.lasted}</th>
              <th scope="col">{columns.seen}</th>
            </tr>
          </thead>
          <tbody>
            {past.map((alarm) => (
              <PastAlarm key={alarm.number} alarm={alarm} />
            ))}
          </tbody>
        </table>
      )}
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      {hasMore.value && (
        <button disabled={sending.isBusy.value} onClick={() => void ask()}>
          {t.older}
        </button>
      )}
    </>
  );
}

function PastAlarm({ alarm }: { alarm: Alarm }) {
  const t = texts.value.alarms;
  return (
    <tr>
      <th scope="row">
        {alarmText(alarm)}
        {alarm.count > 1 && <span class="hint">{t.times(alarm.count)}</span>}
        {alarm.incident > 0 && (
          <a class="hint" href={href('alarms', ['incidents', String(alarm.incident)])}>
            {t.toIncident(alarm.incident)}
          </a>
        )}
      </th>
      <td data-label={t.columns.since}>
        <Moment us={alarm.opened_us} />
      </td>
      <td data-label={t.columns.lasted}>
        {alarm.cleared_us !== null && lengthText(alarm.cleared_us - alarm.opened_us)}
      </td>
      <td data-label={t.columns.seen}>{alarm.acknowledged_by || '–'}</td>
    </tr>
  );
}
