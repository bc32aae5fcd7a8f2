import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, type Duty, type DutyRecord, type DutyResult } from '../api';
import { careError, duties, refreshCare } from '../care';
import { PutDuty, RecordDuty } from '../components/DutyForms';
import { Facts } from '../components/Facts';
import { Icon } from '../components/Icon';
import { Moment } from '../components/Moment';
import { ErrorNotice, Notice } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { useAnswer } from '../components/useAnswer';
import { useSending } from '../components/useSending';
import { texts } from '../language';
import { dueText, dutyText, dutyWord } from '../model/care_words';
import type { Tone } from '../model/judge';
import { go, href, route } from '../route';
import { recorderNowUs } from '../session';

const resultTones: Record<DutyResult, Tone> = { fine: 'good', findings: 'warn', skipped: 'off' };

// #/duties, #/duties/new, #/duties/<number>
export function Duties() {
  const all = duties.value;
  const [first] = route.value.rest;

  useEffect(() => void refreshCare(), []);
  if (!all) {
    return careError.value ? (
      <ErrorNotice error={careError.value} />
    ) : (
      <p>{texts.value.loading}</p>
    );
  }
  if (first === 'new') {
    return (
      <PutDuty
        duty={undefined}
        onDone={(duty) => go(href('duties', duty ? [String(duty.number)] : []))}
      />
    );
  }
  if (first === undefined) {
    return <Calendar all={all} />;
  }
  const duty = all.find((known) => known.number === Number(first));
  return duty ? (
    <OneDuty key={duty.number} duty={duty} />
  ) : (
    <Notice tone="warn">{texts.value.duties.gone}</Notice>
  );
}

function DutyFacts({ duty }: { duty: Duty }) {
  const t = texts.value.duties;
  return (
    <Facts
      rows={[
        [
          t.due,
          <>
            <Moment us={duty.due_us} /> ({dueText(duty, recorderNowUs())})
          </>,
        ],
        [t.every, t.days(duty.interval_days)],
        [t.owner, duty.owner || '–'],
        [
          t.last,
          duty.done_us === null ? (
            t.never
          ) : (
            <>
              <Moment us={duty.done_us} /> {t.by(duty.done_by)}
            </>
          ),
        ],
      ]}
    />
  );
}

// The earliest first: what is overdue stands at the top.
function Calendar({ all }: { all: Duty[] }) {
  const t = texts.value.duties;
  const now_us = recorderNowUs();
  const sorted = [...all].sort((a, b) => a.due_us - b.due_us);
  return (
    <>
      <div class="bar">
        <h1>{t.title}</h1>
        <a class="button primary with-icon push" href={href('duties', ['new'])}>
          <Icon name="plus" />
          {t.add}
        </a>
      </div>
      {careError.value && <ErrorNotice error={careError.value} />}
      {all.length === 0 && <p>{t.none}</p>}
      <ul class="duties">
        {sorted.map((duty) => {
          const word = dutyWord(duty, now_us);
          const what = dutyText(duty);
          return (
            <li key={duty.number} class={`card alarm ${word.tone}`}>
              <StateWord {...word} />
              <h2 class="what">{what}</h2>
              <DutyFacts duty={duty} />
              <div class="buttons">
                <a
                  class={word.tone === 'good' ? 'button' : 'button primary'}
                  href={href('duties', [String(duty.number)])}
                  aria-label={t.recordLabel(what)}
                >
                  {t.record}
                </a>
              </div>
            </li>
          );
        })}
      </ul>
      <section>
        <h2>{t.history}</h2>
        <History number={0} all={all} round={0} />
      </section>
    </>
  );
}

interface HistoryProps {
  // Of one duty; 0: of all.
  number: number;
  all: Duty[];
  // Another one: something was recorded.
  round: number;
}

function History({ number, all, round }: HistoryProps) {
  const t = texts.value.duties;
  const answer = useAnswer(`${number} ${round}`, (abort) => api.dutyRecords(number, abort));
  const records = answer.value?.records;
  const nameOf = (record: DutyRecord): string => {
    const duty = all.find((known) => known.number === record.number);
    return duty ? dutyText(duty) : t.removed;
  };

  if (answer.error !== undefined) {
    return <ErrorNotice error={answer.error} />;
  }
  if (!records) {
    return <p>{texts.value.loading}</p>;
  }
  if (records.length === 0) {
    return <p>{t.historyNone}</p>;
  }
  return (
    <table class="list card">
      <thead>
        <tr>
          <th scope="col">{number ? t.columns.done : t.columns.what}</th>
          <th scope="col">{t.columns.result}</th>
          {number === 0 && <th scope="col">{t.columns.done}</th>}
          <th scope="col">{t.columns.by}</th>
          <th scope="col">{t.columns.note}</th>
        </tr>
      </thead>
      <tbody>
        {records.map((record, place) => (
          <tr key={place}>
            <th scope="row">{number ? <Moment us={record.done_us} /> : nameOf(record)}</th>
            <td data-label={t.columns.result}>
              <StateWord tone={resultTones[record.result]} text={t.results[record.result]} />
            </td>
            {number === 0 && (
              <td data-label={t.columns.done}>
                <Moment us={record.done_us} />
              </td>
            )}
            <td data-label={t.columns.by}>{record.by}</td>
            <td data-label={t.columns.note}>{record.note || '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function OneDuty({ duty }: { duty: Duty }) {
  const t = texts.value.duties;
  const round = useSignal(0);
  const guide = t.kinds[duty.kind].text;
  return (
    <>
      <div class="bar">
        <a
          class="button tool"
          href={href('duties')}
          aria-label={texts.value.back}
          title={texts.value.back}
        >
          <Icon name="left" />
        </a>
        <h1>{dutyText(duty)}</h1>
      </div>
      {guide && <p class="guide">{guide}</p>}
      {round.value > 0 && <Notice tone="good">{t.recorded}</Notice>}
      <div class="columns">
        <section class="card">
          <StateWord {...dutyWord(duty, recorderNowUs())} />
          <DutyFacts duty={duty} />
        </section>
        <RecordDuty duty={duty} onDone={() => round.value++} />
      </div>
      <section>
        <h2>{t.history}</h2>
        <History number={duty.number} all={[duty]} round={round.value} />
      </section>
      <details>
        <summary>{t.change}</summary>
        {/* Another date after a record is another form. */}
        <PutDuty key={duty.due_us} duty={duty} onDone={() => undefined} />
      </details>
      {duty.kind === 'own' && <RemoveDuty duty={duty} />}
    </>
  );
}

function RemoveDuty({ duty }: { duty: Duty }) {
  const t = texts.value.duties;
  const sending = useSending();
  return (
    <details>
      <summary>{t.remove}</summary>
      <div class="card">
        <p>{t.removeText}</p>
        {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
        <button
          class="danger"
          disabled={sending.isBusy.value}
          onClick={() =>
            void sending.send(async () => {
              await api.removeDuty(duty.number);
              go(href('duties'));
              await refreshCare();
            })
          }
        >
          {t.remove}
        </button>
      </div>
    </details>
  );
}
