import type { Status } from '../api';
import { LiveTile } from '../components/LiveTile';
import { RecorderWords } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { texts } from '../language';
import { concernsOf, isStoring, type Concern, type Tone } from '../model/judge';
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

// Is everything recording? Is anything wrong, and what comes first?
export function Today() {
  const t = texts.value.today;
  const now = status.value;
  const now_us = recorderNowUs();

  if (!now) {
    return <p>{texts.value.loading}</p>;
  }
  const { tone, text, off } = headline(now, now_us);
  const concerns = concernsOf(now, now_us);
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
      </div>
      {(isOffered || isAdministrator()) && (
        <a class="button" href={concern.target}>
          {concern.label}
        </a>
      )}
    </li>
  );
}
