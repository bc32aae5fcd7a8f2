import type { Duty, Status } from '../api';
import { duties, maintenanceNow, openAlarms } from '../care';
import { Acknowledge } from '../components/AlarmCard';
import { LiveTile } from '../components/LiveTile';
import { Moment } from '../components/Moment';
import { ErrorNotice, RecorderWords } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { useSending } from '../components/useSending';
import { texts } from '../language';
import {
  alarmConcerns,
  dueText,
  dutyText,
  dutyWord,
  isDueSoon,
  isSaidBy,
  maintenanceConcern,
} from '../model/care_words';
import { concernsOf, isStoring, order, type Concern, type Tone } from '../model/judge';
import { go, href } from '../route';
import { isAdministrator, maySeePictures, recorderNowUs } from '../session';
import { status } from '../status';

function headline(now: Status, now_us: number): { tone: Tone; text: string; off: number } {
  const t = texts.value.today;
  const wanted = now.cameras.filter((camera) => camera.enabled && camera.state !== 'off');
  const good = wanted.filter((camera) => isStoring(camera, now_us)).length;
  const off = now.cameras.length - wanted.length;

  if (now.cameras.length === 0) {
    return { tone: 'warn', text: t.noCameras, off };
  }
  if (good === 0) {
    return { tone: 'bad', text: t.noneRecording, off };
  }
  return good === wanted.length
    ? { tone: 'good', text: t.allRecording(good), off }
    : { tone: 'bad', text: t.someRecording(good, wanted.length), off };
}

// What the state says and what the alarms say, each matter once; work that was announced is no
// fault of a camera.
function allConcerns(now: Status, now_us: number): Concern[] {
  const alarms = openAlarms.value ?? [];
  const worked = now.cameras.flatMap((camera) => {
    const work = maintenanceNow(camera.id);
    return work ? [maintenanceConcern(camera, work)] : [];
  });
  const said = concernsOf(now, now_us).filter(
    (concern) =>
      !worked.some((work) => work.key === concern.key) &&
      !alarms.some((alarm) => isSaidBy(concern, alarm)),
  );
  const rank = (concern: Concern): number =>
    2 * order[concern.tone] + (concern.seenBy === undefined ? 0 : 1);
  return [...alarmConcerns(alarms), ...said, ...worked].sort((a, b) => rank(a) - rank(b));
}

// Is everything recording? Is anything wrong, and what comes first? What is due?
export function Today() {
  const t = texts.value.today;
  const now = status.value;
  const now_us = recorderNowUs();

  if (!now) {
    return <p>{texts.value.loading}</p>;
  }
  const { tone, text, off } = headline(now, now_us);
  const concerns = allConcerns(now, now_us);
  const due = (duties.value ?? []).filter((duty) => isDueSoon(duty, now_us));
  return (
    <>
      <h1 class="visually-hidden">{t.title}</h1>
      <section class={`headline ${tone}`} role="status">
        <p class="big">
          <StateWord tone={tone} text={text} />
        </p>
        <p>
          {off > 0 && `${t.offCount(off)} `}
          {concerns.length === 0 && t.nothingWrong}
        </p>
      </section>
      {concerns.length > 0 && (
        <section>
          <h2>{t.whatFirst}</h2>
          <ol class="concerns">
            {concerns.map((concern) => (
              <ConcernItem key={concern.key} concern={concern} />
            ))}
          </ol>
        </section>
      )}
      {due.length > 0 && (
        <section>
          <h2>{t.dutiesDue}</h2>
          <ol class="concerns">
            {due.map((duty) => (
              <DueItem key={duty.number} duty={duty} now_us={now_us} />
            ))}
          </ol>
        </section>
      )}
      {now.cameras.length > 0 && maySeePictures() && (
        <section>
          <h2>{t.pictures}</h2>
          <div class="small-tiles">
            {now.cameras.map((camera) => (
              <LiveTile
                key={camera.id}
                camera={camera}
                look="small"
                onEnlarge={() => go(href('live', [camera.id]))}
              />
            ))}
          </div>
        </section>
      )}
    </>
  );
}

function ConcernItem({ concern }: { concern: Concern }) {
  const words = texts.value.words;
  const sending = useSending();
  const word = {
    good: words.ok,
    busy: words.note,
    warn: words.attention,
    bad: words.problem,
    off: words.off,
  };
  const isOffered = !concern.target.endsWith('/edit') && !concern.target.endsWith('/new');
  return (
    <li class={`card concern ${concern.tone}`}>
      <div>
        <StateWord tone={concern.tone} text={word[concern.tone]} />
        <p class="what">{concern.what}</p>
        <p>{concern.step}</p>
        {concern.detail && <RecorderWords text={concern.detail} />}
        {concern.seenBy !== undefined && (
          <p class="hint">{texts.value.alarms.seenBy(concern.seenBy)}</p>
        )}
        {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
      </div>
      <div class="buttons">
        {(isOffered || isAdministrator()) && (
          <a class="button" href={concern.target}>
            {concern.label}
          </a>
        )}
        {concern.alarm && <Acknowledge alarm={concern.alarm} sending={sending} />}
      </div>
    </li>
  );
}

function DueItem({ duty, now_us }: { duty: Duty; now_us: number }) {
  const t = texts.value.duties;
  const word = dutyWord(duty, now_us);
  return (
    <li class={`card concern ${word.tone}`}>
      <div>
        <StateWord {...word} />
        <p class="what">{dutyText(duty)}</p>
        <p>
          {t.due}: <Moment us={duty.due_us} /> ({dueText(duty, now_us)})
        </p>
      </div>
      <a
        class="button"
        href={href('duties', [String(duty.number)])}
        aria-label={t.recordLabel(dutyText(duty))}
      >
        {t.record}
      </a>
    </li>
  );
}
