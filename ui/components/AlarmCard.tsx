import { api, type Alarm } from '../api';
import { refreshCare } from '../care';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { alarmText, severityWord, stepsOf } from '../model/care_words';
import { go, href } from '../route';
import { recorderNowUs } from '../session';
import { Facts } from './Facts';
import { Moment } from './Moment';
import { ErrorNotice, RecorderWords } from './Notice';
import { StateWord } from './StateWord';
import { aid } from './CameraRemedies';
import { useSending, type Sending } from './useSending';

export function Acknowledge({ alarm, sending }: { alarm: Alarm; sending: Sending }) {
  const t = texts.value.alarms;
  return (
    <button
      disabled={sending.isBusy.value}
      aria-label={t.acknowledgeLabel(alarmText(alarm))}
      onClick={() =>
        void sending.send(async () => {
          await api.acknowledge(alarm.number);
          await refreshCare();
        })
      }
    >
      {t.acknowledge}
    </button>
  );
}

// An open alarm: what, since when, why, what comes first.
export function AlarmCard({ alarm }: { alarm: Alarm }) {
  const t = texts.value.alarms;
  const sending = useSending();
  const what = alarmText(alarm);
  const word = severityWord(alarm);

  const grow = async (): Promise<void> => {
    let number = 0;
    const isDone = await sending.send(async () => {
      const { incidents } = await api.openIncident({ alarm: alarm.number });
      number = incidents[0]?.number ?? 0;
      await refreshCare();
    });
    if (isDone && number) {
      go(href('alarms', ['incidents', String(number)]));
    }
  };
  return (
    <li class={`card alarm ${word.tone}`}>
      <StateWord {...word} />
      <h3 class="what">{what}</h3>
      <p>
        {t.nextStep} {stepsOf(alarm.kind)[0]}
      </p>
      {alarm.text && <RecorderWords text={alarm.text} />}
      <Facts
        rows={[
          [
            t.since,
            <>
              <Moment us={alarm.opened_us} /> ({lengthText(recorderNowUs() - alarm.opened_us)})
            </>,
          ],
          ...(alarm.count > 1 ? [[t.count, t.times(alarm.count)] as [string, string]] : []),
          ...(alarm.acknowledged_us === null
            ? []
            : [
                [
                  t.seenBy(alarm.acknowledged_by),
                  <Moment us={alarm.acknowledged_us} />,
                ] as [string, preact.JSX.Element],
              ]),
        ]}
      />
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <div class="buttons">
        {alarm.acknowledged_us === null && <Acknowledge alarm={alarm} sending={sending} />}
        {alarm.incident ? (
          <a class="button" href={href('alarms', ['incidents', String(alarm.incident)])}>
            {t.toIncident(alarm.incident)}
          </a>
        ) : (
          <button
            disabled={sending.isBusy.value}
            aria-label={t.growLabel(what)}
            onClick={() => void grow()}
          >
            {t.grow}
          </button>
        )}
        {alarm.kind === 'settings_changed' && alarm.camera && !alarm.incident && (
          <button
            class="danger"
            disabled={sending.isBusy.value}
            onClick={() =>
              void sending.send(async () => {
                await aid(alarm.camera ?? '', alarm.number);
                await refreshCare();
              })
            }
          >
            {texts.value.remedy.aidBegin}
          </button>
        )}
        {alarm.camera && (
          <a class="button" href={href('cameras', [alarm.camera])}>
            {texts.value.concerns.seeCamera}
          </a>
        )}
        {alarm.kind === 'duty' && (
          <a class="button" href={href('duties')}>
            {texts.value.duties.title}
          </a>
        )}
      </div>
    </li>
  );
}
