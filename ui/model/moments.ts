// Times and dates in the user's zone and language.
import { language } from '../language';

export const second = 1_000_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = language.value === 'ja' ? 'ja-JP' : 'en-GB';
  const key = locale + JSON.stringify(options);
  const known = formats.get(key);
  if (known) {
    return known;
  }
  const made = new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}

const asDate = (us: number): Date => new Date(Math.floor(us / 1000));

export function clockText(us: number): string {
  return format({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(
    asDate(us),
  );
}

export function minuteText(us: number): string {
  return format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(asDate(us));
}

// With the part of a second, cut and not rounded, as a clock shows it.
export function preciseText(us: number, digits: number): string {
  const fraction = Math.floor((((us % second) + second) % second) / 10 ** (6 - digits));
  return `${clockText(us)}.${String(fraction).padStart(digits, '0')}`;
}

export function dateText(us: number): string {
  return format({ year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' }).format(
    asDate(us),
  );
}

export function dayText(us: number): string {
  return format({ month: 'short', day: 'numeric' }).format(asDate(us));
}

export function monthText(us: number): string {
  return format({ year: 'numeric', month: 'short' }).format(asDate(us));
}

export function momentText(us: number): string {
  return `${dateText(us)} ${clockText(us)}`;
}

// "UTC+09:00", at that moment: it may change within a year.
export function offsetText(us: number): string {
  const minutes = -asDate(us).getTimezoneOffset();
  const sign = minutes < 0 ? '-' : '+';
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `UTC${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function exactText(us: number): string {
  return `${momentText(us)} ${offsetText(us)}`;
}

// For <input type="datetime-local" step="1">.
export function toField(us: number): string {
  const date = asDate(us);
  const two = (value: number): string => String(value).padStart(2, '0');
  return (
    `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    `T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

export function fromField(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return Number.isFinite(ms) ? ms * 1000 : undefined;
}
