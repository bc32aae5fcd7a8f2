// Where the user is: the part of the address after #, so that back, forward and bookmarks work.
import { computed, signal } from '@preact/signals';

export const places = [
  'today',
  'live',
  'recordings',
  'cameras',
  'alarms',
  'checklist',
  'duties',
  'journal',
  'people',
  'system',
] as const;
export type Place = (typeof places)[number];

export interface Route {
  place: Place;
  // What follows the place, e.g. a camera's id.
  rest: string[];
  query: URLSearchParams;
}

const hash = signal(location.hash);

window.addEventListener('hashchange', () => {
  hash.value = location.hash;
});

function parse(text: string): Route {
  const [path = '', query = ''] = text.replace(/^#\/?/, '').split('?');
  const [first, ...rest] = path.split('/');
  return {
    place: places.find((place) => place === first) ?? 'today',
    rest: rest.map(decodeURIComponent).filter((part) => part !== ''),
    query: new URLSearchParams(query),
  };
}

export const route = computed(() => parse(hash.value));

export function href(
  place: Place,
  rest: string[] = [],
  query: Record<string, string> = {},
): string {
  const path = [place, ...rest.map(encodeURIComponent)].join('/');
  const search = new URLSearchParams(query).toString();
  return `#/${path}${search ? `?${search}` : ''}`;
}

export function go(target: string): void {
  location.hash = target;
}
