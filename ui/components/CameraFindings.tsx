import { api, type Answer, type Camera } from '../api';
import { language, texts } from '../language';
import { reasonOf } from '../model/checklist_words';
import { href } from '../route';
import { ErrorNotice } from './Notice';
import { PaperButtons } from './PaperLinks';
import { StateWord } from './StateWord';
import { useAnswer } from './useAnswer';

// What the checklist finds fault with at this camera, and how much of it is not known.
export function CameraFindings({ camera, round }: { camera: Camera; round: number }) {
  const t = texts.value.findings;
  const answer = useAnswer(`${camera.id} ${round}`, (abort) => api.checklist(abort, camera.id));
  const listed = answer.value;
  const own = (listed?.answers ?? []).filter((one) => !one.is_audit_point);
  const bad = own.filter((one) => one.state === 'not_met');
  const unknown = own.filter((one) => one.state === 'unknown').length;
  return (
    <section class="card">
      <h2>{t.title}</h2>
      {answer.error !== undefined && <ErrorNotice error={answer.error} />}
      {listed && (
        <>
          {bad.length === 0 ? (
            <p>{t.none}</p>
          ) : (
            <ul class="plain">
              {bad.map((one) => (
                <Finding key={one.requirement} answer={one} title={titleIn(listed, one)} />
              ))}
            </ul>
          )}
          <p class="hint">{t.unknown(unknown)}</p>
          <p>{t.papers}</p>
          <PaperButtons camera={camera.id} />
        </>
      )}
    </section>
  );
}

function titleIn(
  listed: { requirements: { requirement: string; title_en: string; title_ja: string }[] },
  answer: Answer,
): string {
  const found = listed.requirements.find((one) => one.requirement === answer.requirement);
  return (language.value === 'ja' ? found?.title_ja : found?.title_en) ?? '';
}

function Finding({ answer, title }: { answer: Answer; title: string }) {
  return (
    <li>
      <StateWord tone="bad" text={texts.value.checklist.states.not_met} />{' '}
      <a href={href('checklist', [answer.requirement])}>
        {answer.requirement} {title}
      </a>
      : {reasonOf(answer)}
    </li>
  );
}
