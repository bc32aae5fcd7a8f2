// Words for answers to the checklist in the user's language.
import type { Answer, AnswerState, Evidence, Requirement } from '../api';
import { language } from '../language';
import type { Tone } from './judge';
import { momentText } from './moments';

export const sections = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] as const;

export const answerTones: Record<AnswerState, Tone> = {
  met: 'good',
  not_met: 'bad',
  unknown: 'warn',
  not_applicable: 'off',
};

export function titleOf(requirement: Requirement): string {
  return language.value === 'ja' ? requirement.title_ja : requirement.title_en;
}

export function questionOf(requirement: Requirement): string {
  return language.value === 'ja' ? requirement.question_ja : requirement.question_en;
}

export function reasonOf(answer: Answer): string {
  return language.value === 'ja' ? answer.reason_ja : answer.reason_en;
}

export function factOf(evidence: Evidence): string {
  return language.value === 'ja' ? evidence.fact_ja : evidence.fact_en;
}

// Facts whose value is a time are microseconds; the others are shown as they are.
const times = /(^self_duty|_until$|^self_open|^self_snapshots|^self_maintenance|_end$|^bought|^boot_time)/;

export function valueOf(evidence: Evidence): string {
  const number = Number(evidence.value);
  return times.test(evidence.fact) && Number.isFinite(number) && number > 0
    ? momentText(number)
    : evidence.value;
}
