import { useSignal } from '@preact/signals';
import { api, type Answer, type EvidenceAnswer, type Requirement } from '../api';
import { texts } from '../language';
import {
  answerTones,
  factOf,
  questionOf,
  reasonOf,
  titleOf,
  valueOf,
} from '../model/checklist_words';
import { href } from '../route';
import { isAdministrator } from '../session';
import { Facts } from './Facts';
import { Icon } from './Icon';
import { Moment } from './Moment';
import { ErrorNotice } from './Notice';
import { AttestForm, StatementList, WaiveForm } from './StatementForms';
import { StateWord } from './StateWord';
import { useAnswer } from './useAnswer';

interface RequirementProps {
  requirement: Requirement;
  onChange: () => void;
}

// One requirement: how it is answered, by what, and what people said about it.
export function RequirementView({ requirement, onChange }: RequirementProps) {
  const round = useSignal(0);
  const id = requirement.requirement;
  const answer = useAnswer(`${id} ${round.value}`, (abort) => api.evidence(id, abort));
  const found = answer.value;
  const again = (): void => {
    round.value++;
    onChange();
  };

  if (answer.error !== undefined) {
    return <ErrorNotice error={answer.error} />;
  }
  return (
    <>
      <div class="bar">
        <a
          class="button tool"
          href={href('checklist')}
          aria-label={texts.value.back}
          title={texts.value.back}
        >
          <Icon name="left" />
        </a>
        <h1>
          {requirement.is_audit_point ? '' : `${id} `}
          {titleOf(requirement)}
        </h1>
      </div>
      <p class="guide">{questionOf(requirement)}</p>
      {found ? (
        <Found requirement={requirement} found={found} onChange={again} />
      ) : (
        <p>{texts.value.loading}</p>
      )}
    </>
  );
}

interface FoundProps {
  requirement: Requirement;
  found: EvidenceAnswer;
  onChange: () => void;
}

function Found({ requirement, found, onChange }: FoundProps) {
  const t = texts.value.checklist;
  const whole = found.answers.find((one) => one.level === 'all');
  const parts = found.answers.filter((one) => one.level !== 'all');
  const mayState = isAdministrator();
  const cameras = parts.filter((one) => one.level === 'camera');
  return (
    <>
      {whole && (
        <section class={`card alarm ${answerTones[whole.state]}`}>
          <StateWord tone={answerTones[whole.state]} text={t.states[whole.state]} />
          <p>{reasonOf(whole)}</p>
          {whole.is_disputed && <p>{t.disputed}</p>}
          {whole.waiver !== 0 && <p>{t.waivedLong}</p>}
          <WholeFacts requirement={requirement} whole={whole} />
        </section>
      )}
      {requirement.leans_on && (
        <p>
          {t.leansOn}{' '}
          {requirement.leans_on.split(' ').map((id) => (
            <a key={id} class="chip" href={href('checklist', [id])}>
              {id}
            </a>
          ))}
        </p>
      )}
      {parts.length > 0 && <Parts parts={parts} />}
      <EvidenceList found={found} />
      <StatementList found={found} mayWithdraw={mayState} onChange={onChange} />
      {mayState && requirement.kinds.includes('A') && (
        <AttestForm requirement={requirement} cameras={cameras} onDone={onChange} />
      )}
      {mayState && !requirement.is_audit_point && (
        <WaiveForm requirement={requirement} onDone={onChange} />
      )}
    </>
  );
}

function WholeFacts({ requirement, whole }: { requirement: Requirement; whole: Answer }) {
  const t = texts.value.checklist;
  const kindWords = (kinds: string): string =>
    [...kinds].map((kind) => t.kinds[kind as keyof typeof t.kinds] ?? kind).join(' · ');
  return (
    <Facts
      rows={[
        [t.answeredBy, whole.kinds === '' ? '–' : kindWords(whole.kinds)],
        [t.canBe, kindWords(requirement.kinds)],
        [t.observed, whole.observed_us === null ? '–' : <Moment us={whole.observed_us} />],
        [t.due, whole.due_us === null ? '–' : <Moment us={whole.due_us} />],
      ]}
    />
  );
}

function Parts({ parts }: { parts: Answer[] }) {
  const t = texts.value.checklist;
  return (
    <section>
      <h2>{t.parts}</h2>
      <table class="list card">
        <thead>
          <tr>
            <th scope="col">{t.columns.device}</th>
            <th scope="col">{t.columns.state}</th>
            <th scope="col">{t.columns.why}</th>
            <th scope="col">{t.due}</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <tr key={`${part.level} ${part.camera ?? ''}`}>
              <th scope="row">{part.level === 'camera' ? part.camera_name : t.recorder}</th>
              <td data-label={t.columns.state}>
                <StateWord tone={answerTones[part.state]} text={t.states[part.state]} />
              </td>
              <td data-label={t.columns.why}>{reasonOf(part)}</td>
              <td data-label={t.due}>
                {part.due_us === null ? '–' : <Moment us={part.due_us} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

// Each fact once, although the whole and a part may both lean on it.
function EvidenceList({ found }: { found: EvidenceAnswer }) {
  const t = texts.value.checklist;
  const seen = new Set<string>();
  const facts = (found.evidence ?? []).filter((one) => {
    const key = `${one.camera} ${one.fact} ${one.subject} ${one.source}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
  return (
    <section>
      <h2>{t.evidence}</h2>
      {facts.length === 0 ? (
        <p>{t.noEvidence}</p>
      ) : (
        <table class="list card">
          <thead>
            <tr>
              <th scope="col">{t.columns.fact}</th>
              <th scope="col">{t.columns.value}</th>
              <th scope="col">{t.columns.source}</th>
              <th scope="col">{t.observed}</th>
            </tr>
          </thead>
          <tbody>
            {facts.map((one, place) => (
              <tr key={place}>
                <th scope="row">
                  {one.camera_name && `${one.camera_name}: `}
                  {factOf(one)} {one.camera === null ? '' : one.subject}
                </th>
                <td data-label={t.columns.value}>
                  {one.is_known ? valueOf(one) || '–' : t.notKnown}
                  {one.detail && <small class="detail">{one.detail}</small>}
                </td>
                <td data-label={t.columns.source}>{t.sources[one.source]}</td>
                <td data-label={t.observed}>
                  <Moment us={one.observed_us ?? 0} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
