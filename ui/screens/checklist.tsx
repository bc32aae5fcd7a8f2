import { useSignal } from '@preact/signals';
import {
  answerStates,
  api,
  type Answer,
  type AnswerState,
  type Checklist as Listed,
  type Requirement,
} from '../api';
import { PaperLinks } from '../components/PaperLinks';
import { ProfileForm } from '../components/ProfileForm';
import { RequirementView } from '../components/RequirementView';
import { ErrorNotice, Notice } from '../components/Notice';
import { StateWord } from '../components/StateWord';
import { useAnswer } from '../components/useAnswer';
import { language, texts } from '../language';
import { answerTones, reasonOf, sections, titleOf } from '../model/checklist_words';
import { dayText } from '../model/moments';
import { href, route } from '../route';

// #/checklist, #/checklist/profile, #/checklist/a02-1
export function Checklist() {
  const [first] = route.value.rest;
  const round = useSignal(0);
  const answer = useAnswer(`${round.value}`, (abort) => api.checklist(abort));
  const listed = answer.value;

  if (answer.error !== undefined) {
    return <ErrorNotice error={answer.error} />;
  }
  if (!listed) {
    return <p>{texts.value.loading}</p>;
  }
  if (first === 'profile') {
    return <ProfileForm profile={listed.profiles[0]} onDone={() => round.value++} />;
  }
  if (first === undefined) {
    return <Overview listed={listed} />;
  }
  const requirement = listed.requirements.find((known) => known.requirement === first);
  return requirement ? (
    <RequirementView key={first} requirement={requirement} onChange={() => round.value++} />
  ) : (
    <Notice tone="warn">{texts.value.checklist.gone}</Notice>
  );
}

function Overview({ listed }: { listed: Listed }) {
  const t = texts.value.checklist;
  const only = useSignal<AnswerState | undefined>(undefined);
  const profile = listed.profiles[0];
  const counted = listed.answers.filter((one) => !one.is_audit_point);
  const shown = (isPoint: boolean, section?: string): Requirement[] =>
    listed.requirements.filter(
      (one) =>
        one.is_audit_point === isPoint &&
        (section === undefined || one.section === section) &&
        (only.value === undefined || answerOf(listed, one)?.state === only.value),
    );
  return (
    <>
      <div class="bar">
        <h1>{t.title}</h1>
        <a class="button push" href={href('checklist', ['profile'])}>
          {t.profile}
        </a>
      </div>
      {!profile?.is_set && <Notice tone="warn">{t.noProfile}</Notice>}
      <div class="chips" role="group" aria-label={t.filter}>
        {answerStates.map((state) => (
          <button
            key={state}
            class="chip"
            aria-pressed={only.value === state}
            onClick={() => (only.value = only.value === state ? undefined : state)}
          >
            {t.states[state]} {counted.filter((one) => one.state === state).length}
          </button>
        ))}
      </div>
      <Disagreements listed={listed} />
      {sections.map((section) => (
        <Section
          key={section}
          heading={`${section}. ${t.sections[section]}`}
          listed={listed}
          requirements={shown(false, section)}
        />
      ))}
      <Section heading={t.points} listed={listed} requirements={shown(true)} />
      <PaperLinks />
    </>
  );
}

function answerOf(listed: Listed, requirement: Requirement): Answer | undefined {
  return listed.answers.find((one) => one.requirement === requirement.requirement);
}

// What two sources contradict each other about is a finding of its own.
function Disagreements({ listed }: { listed: Listed }) {
  const t = texts.value.checklist;
  const all = listed.disagreements ?? [];
  return all.length === 0 ? null : (
    <section class="card alarm warn">
      <h2>{t.disagreements}</h2>
      <ul>
        {all.map((one, place) => (
          <li key={place}>
            <a href={href('checklist', [one.requirement])}>{one.requirement}</a> {one.camera_name}:{' '}
            {language.value === 'ja' ? one.reason_ja : one.reason_en}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface SectionProps {
  heading: string;
  listed: Listed;
  requirements: Requirement[];
}

function Section({ heading, listed, requirements }: SectionProps) {
  const t = texts.value.checklist;
  if (requirements.length === 0) {
    return null;
  }
  return (
    <section class="requirements">
      <h2>{heading}</h2>
      <ul>
        {requirements.map((requirement) => {
          const answer = answerOf(listed, requirement);
          return answer ? (
            <li key={requirement.requirement} class={`requirement ${answerTones[answer.state]}`}>
              <a href={href('checklist', [requirement.requirement])}>
                <span class="number">{requirement.requirement}</span>
                <span class="title">{titleOf(requirement)}</span>
                <StateWord tone={answerTones[answer.state]} text={t.states[answer.state]} />
                {answer.state !== 'not_applicable' && (
                  <span class="reason">
                    {reasonOf(answer)}
                    {answer.due_us !== null && ` · ${t.dueBy(dayText(answer.due_us))}`}
                    {answer.waiver !== 0 && ` · ${t.waived}`}
                  </span>
                )}
              </a>
            </li>
          ) : null;
        })}
      </ul>
    </section>
  );
}
