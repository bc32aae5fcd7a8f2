import { useEffect } from 'preact/hooks';
import { api, type Audit, type Camera, type Fact } from '../api';
import { texts } from '../language';
import { factName, factText, isDisputed, themed } from '../model/fact_words';
import type { Tone } from '../model/judge';
import { Moment } from './Moment';
import { ErrorNotice } from './Notice';
import { StateWord } from './StateWord';
import { useAnswer } from './useAnswer';
import { useSending } from './useSending';

const look_ms = 1000;

const tones: Record<Audit['state'], Tone> = {
  waiting: 'busy',
  running: 'busy',
  done: 'good',
  failed: 'bad',
  stopped: 'off',
};

export function isUnderWay(audit: Audit | undefined): boolean {
  return audit?.state === 'waiting' || audit?.state === 'running';
}

export function AuditWord({ audit }: { audit: Audit }) {
  return <StateWord tone={tones[audit.state]} text={texts.value.audit.states[audit.state]} />;
}

// The camera's newest audit, and what is known of it; asks again while one is under way.
export function CameraAudit({ camera, onDone }: { camera: Camera; onDone: () => void }) {
  const t = texts.value.audit;
  const answer = useAnswer(camera.id, (abort) => api.facts(camera.id, abort));
  const sending = useSending();
  const audit = answer.value?.audits?.[0];
  const isBusy = isUnderWay(audit);

  useEffect(() => {
    if (!isBusy) {
      onDone();
      return undefined;
    }
    const timer = setInterval(() => void answer.ask(), look_ms);
    return () => clearInterval(timer);
  }, [isBusy]);

  return (
    <>
      <section class="card">
        <h2>{t.title}</h2>
        {audit ? (
          <p>
            <AuditWord audit={audit} /> <Moment us={audit.ended_us ?? audit.asked_us} />
          </p>
        ) : (
          answer.value && <p>{t.never}</p>
        )}
        {audit && isBusy && <Progress audit={audit} />}
        {audit?.text && <p lang="en">{audit.text}</p>}
        <p class="hint">{t.text}</p>
        {answer.error !== undefined && <ErrorNotice error={answer.error} />}
        {sending.error.value !== undefined && <ErrorNotice error={sending.error.value} />}
        <div class="buttons">
          {audit && isBusy ? (
            <button
              disabled={sending.isBusy.value}
              onClick={() =>
                void sending.send(async () => {
                  await api.stopAudit(audit.number);
                  await answer.ask();
                })
              }
            >
              {t.stop}
            </button>
          ) : (
            <button
              class="primary"
              disabled={sending.isBusy.value}
              onClick={() =>
                void sending.send(async () => {
                  await api.auditNow(camera.id);
                  await answer.ask();
                })
              }
            >
              {t.now}
            </button>
          )}
        </div>
      </section>
      <KnownFacts facts={answer.value?.facts} />
    </>
  );
}

function Progress({ audit }: { audit: Audit }) {
  const t = texts.value.audit;
  return (
    <p class="hint">
      <progress
        {...(audit.total > 0 ? { max: audit.total, value: audit.done } : {})}
        aria-label={t.title}
      />{' '}
      <code lang="en">{audit.stage}</code>
      {audit.total > 0 && ` ${t.progress(audit.done, audit.total)}`}
    </p>
  );
}

function KnownFacts({ facts }: { facts: Fact[] | undefined }) {
  const t = texts.value.audit;
  if (!facts) {
    return null;
  }
  return (
    <section class="card wide">
      <h2>{t.facts}</h2>
      {facts.length === 0 && <p>{t.factsNone}</p>}
      {themed(facts).map(([theme, some]) => (
        <details key={theme} open={theme === 'device'}>
          <summary>
            {t.themes[theme]} <span class="hint">{t.factCount(some.length)}</span>
          </summary>
          <dl class="facts known">
            {some.map((fact) => (
              <div key={`${fact.kind} ${fact.subject} ${fact.source}`}>
                <dt>{factName(fact)}</dt>
                <dd>
                  {isDisputed(fact, facts) && <StateWord tone="warn" text={t.claimed} />}{' '}
                  <span>{factText(fact)}</span>
                  <span class="hint">
                    {t.sources[fact.source]}, <Moment us={fact.observed_us} />
                    {!fact.is_known && fact.detail && (
                      <>
                        {' '}
                        <span lang="en">{fact.detail}</span>
                      </>
                    )}
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      ))}
    </section>
  );
}
