// The language of the page: the browser's wish until the user says otherwise.
import { computed, effect, signal } from '@preact/signals';
import { recall, remember } from './remember';
import { en, type Texts } from './texts/en';
import { ja } from './texts/ja';

export const languages = ['ja', 'en'] as const;
export type Language = (typeof languages)[number];

function wished(): Language {
  const stored = languages.find((known) => known === recall('language'));
  const offered = navigator.languages
    .map((tag) => languages.find((known) => tag.toLowerCase().startsWith(known)))
    .find((known) => known !== undefined);
  return stored ?? offered ?? 'en';
}

export const language = signal<Language>(wished());

const tables: Record<Language, Texts> = { ja, en };
export const texts = computed(() => tables[language.value]);

export function choose(next: Language): void {
  language.value = next;
  remember('language', next);
}

effect(() => {
  document.documentElement.lang = language.value;
});
