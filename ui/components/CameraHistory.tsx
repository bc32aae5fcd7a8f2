import { useSignal } from '@preact/signals';
import { api, type Camera, type MaintenanceCheck, type Snapshot } from '../api';
import { texts } from '../language';
import { differenceText, factName } from '../model/fact_words';
import { momentText } from '../model/moments';
import { ErrorNotice } from './Notice';
import { Moment } from './Moment';
import { StateWord } from './StateWord';
import { useAnswer } from './useAnswer';

const most = 8;

// Snapshots of a camera, the newest first, and what changed with each.
export function CameraHistory({ camera, round }: { camera: Camera; round: number }) {
  const t = texts.value.audit;
  const answer = useAnswer(`${camera.id} ${round}`, (abort) => api.snapshots(camera.id, abort));
  const isAll = useSignal(false);
  const snapshots = answer.value?.snapshots ?? [];
  const checks = answer.value?.checks ?? [];

  return (
    <section class="card wide">
      <h2>{t.history}</h2>
      <p class="hint">{t.historyText}</p>
      {answer.error !== undefined && <ErrorNotice error={answer.error} />}
      {answer.value && snapshots.length === 0 && <p>{t.historyNone}</p>}
      <ol class="notes">
        {snapshots.slice(0, isAll.value ? undefined : most).map((one, place) => (
          <OneSnapshot
            key={one.number}
            camera={camera}
            snapshot={one}
            before={snapshots[place + 1]}
          />
        ))}
      </ol>
      {snapshots.length > most && !isAll.value && (
        <button onClick={() => (isAll.value = true)}>{t.all}</button>
      )}
      {checks.map((check) => (
        <OneCheck key={check.maintenance} camera={camera} check={check} />
      ))}
    </section>
  );
}

function OneSnapshot(props: { camera: Camera; snapshot: Snapshot; before: Snapshot | undefined }) {
  const { camera, snapshot, before } = props;
  const t = texts.value.audit;
  const isOpen = useSignal(false);
  return (
    <li>
      <p class="hint">
        <Moment us={snapshot.taken_us} />
      </p>
      <p>
        {snapshot.unannounced > 0 ? (
          <StateWord tone="bad" text={t.unannounced(snapshot.unannounced)} />
        ) : (
          <StateWord
            tone={snapshot.changes > 0 ? 'busy' : 'good'}
            text={
              !before ? t.first : snapshot.changes > 0 ? t.changes(snapshot.changes) : t.same
            }
          />
        )}{' '}
        {snapshot.changes > snapshot.unannounced && t.announced[snapshot.announced_by]}
      </p>
      {snapshot.confirmed_us > snapshot.taken_us && (
        <p class="hint">{t.held(momentText(snapshot.taken_us), momentText(snapshot.confirmed_us))}</p>
      )}
      {before && snapshot.changes > 0 && (
        <button
          aria-expanded={isOpen.value}
          aria-label={t.seeLabel(snapshot.number)}
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          {t.see}
        </button>
      )}
      {isOpen.value && before && (
        <Differences camera={camera} from={before.number} to={snapshot.number} />
      )}
    </li>
  );
}

function OneCheck({ camera, check }: { camera: Camera; check: MaintenanceCheck }) {
  const t = texts.value.audit;
  return (
    <details>
      <summary>
        {t.check(check.maintenance)}{' '}
        <StateWord
          tone={check.changes > 0 ? 'warn' : 'good'}
          text={check.changes > 0 ? t.changes(check.changes) : t.checkSame}
        />
      </summary>
      {check.before > 0 && (
        <Differences camera={camera} from={check.before} to={check.after} />
      )}
    </details>
  );
}

function Differences({ camera, from, to }: { camera: Camera; from: number; to: number }) {
  const t = texts.value.audit;
  const answer = useAnswer(`${from} ${to}`, (abort) =>
    // A snapshot is not compared with itself: it was still so afterwards.
    from === to
      ? Promise.resolve({ differences: [] })
      : api.differences(camera.id, from, to, abort),
  );
  if (answer.error !== undefined) {
    return <ErrorNotice error={answer.error} />;
  }
  if (!answer.value) {
    return <p>{texts.value.loading}</p>;
  }
  return answer.value.differences.length === 0 ? (
    <p>{t.differencesNone}</p>
  ) : (
    <dl class="facts known">
      {answer.value.differences.map((one) => (
        <div key={`${one.kind} ${one.subject} ${one.source} ${one.change} ${one.after}`}>
          <dt>{factName(one)}</dt>
          <dd>{differenceText(one)}</dd>
        </div>
      ))}
    </dl>
  );
}
