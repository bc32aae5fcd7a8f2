import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, remedyKinds, type Camera, type Remedy, type RemedyKind } from '../api';
import { texts } from '../language';
import type { Tone } from '../model/judge';
import { go, href } from '../route';
import { isAdministrator } from '../session';
import { Moment } from './Moment';
import { ErrorNotice } from './Notice';
import { PlanDialog } from './PlanDialog';
import { StateWord } from './StateWord';
import { useAnswer } from './useAnswer';
import { useSending } from './useSending';

const look_ms = 1500;
const shownMost = 5;

const tones: Record<Remedy['state'], Tone> = {
  running: 'busy',
  done: 'good',
  failed: 'bad',
  unsure: 'warn',
};

interface CameraRemediesProps {
  camera: Camera;
  // That the address asks for: its dialog is open from the start.
  wanted: RemedyKind | undefined;
}

// What can be put right on a camera, what was, and first aid.
export function CameraRemedies({ camera, wanted }: CameraRemediesProps) {
  const t = texts.value.remedy;
  const chosen = useSignal<RemedyKind | undefined>(isAdministrator() ? wanted : undefined);
  const answer = useAnswer(camera.id, (abort) => api.remedies(camera.id, abort));
  const remedies = answer.value?.remedies ?? [];
  const isBusy = remedies.some((one) => one.state === 'running');

  useEffect(() => {
    if (!isBusy) {
      return undefined;
    }
    const timer = setInterval(() => void answer.ask(), look_ms);
    return () => clearInterval(timer);
  }, [isBusy]);

  return (
    <section class="card wide">
      <h2>{t.title}</h2>
      {isAdministrator() && (
        <>
          <p>{t.text}</p>
          <div class="buttons">
            {remedyKinds.map((kind) => (
              <button
                key={kind}
                class={kind === 'reset' || kind === 'firmware' ? 'danger' : ''}
                disabled={isBusy}
                onClick={() => (chosen.value = kind)}
              >
                {t.names[kind]}
              </button>
            ))}
          </div>
        </>
      )}
      <h3>{t.done}</h3>
      {answer.error !== undefined && <ErrorNotice error={answer.error} />}
      {answer.value && remedies.length === 0 && <p>{t.doneNone}</p>}
      <ol class="notes">
        {remedies.slice(0, shownMost).map((one) => (
          <li key={one.number}>
            <p>
              <StateWord tone={tones[one.state]} text={t.states[one.state]} />{' '}
              {t.names[one.remedy]}
            </p>
            <p class="hint">
              <Moment us={one.ended_us ?? one.begun_us} /> {t.by(one.by)}
            </p>
            {one.text && <p lang="en">{one.text}</p>}
          </li>
        ))}
      </ol>
      <FirstAid camera={camera} />
      {chosen.value && (
        <PlanDialog
          key={chosen.value}
          camera={camera}
          remedy={chosen.value}
          onClose={(isRun) => {
            chosen.value = undefined;
            if (isRun) {
              void answer.ask();
            }
          }}
        />
      )}
    </section>
  );
}

// Leads to the incident with its steps.
function FirstAid({ camera }: { camera: Camera }) {
  const t = texts.value.remedy;
  const sending = useSending();
  return (
    <>
      <h3>{t.aid}</h3>
      <p>{t.aidText}</p>
      {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      <button disabled={sending.isBusy.value} onClick={() => void sending.send(() => aid(camera.id, 0))}>
        {t.aidBegin}
      </button>
    </>
  );
}

export async function aid(camera: string, alarm: number): Promise<void> {
  const { incidents } = await api.beginFirstAid(camera, alarm);
  if (incidents[0]) {
    go(href('alarms', ['incidents', String(incidents[0].number)]));
  }
}

// What does a step of first aid, by its place.
export const aidRemedies: (RemedyKind | undefined)[] = [
  'filter',
  'reset',
  'password',
  'firmware',
  undefined,
];
