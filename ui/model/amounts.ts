// Sizes, counts and lengths of time as people read them.
import { language, texts } from '../language';
import { day, hour, minute, second } from './moments';

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

function locale(): string {
  return language.value === 'ja' ? 'ja-JP' : 'en-GB';
}

export function bytesText(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 || value >= 100 ? 0 : 1;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
  return `${number} ${units[step]}`;
}

export function countText(count: number): string {
  return new Intl.NumberFormat(locale()).format(count);
}

export function percentText(part: number): string {
  return new Intl.NumberFormat(locale(), { style: 'percent' }).format(part);
}

// The two largest units that matter: "3 d 4 h", "1 min 20 s", "0.4 s".
export function lengthText(us: number): string {
  const t = texts.value.length;
  const size = Math.max(0, us);

  if (size < 10 * second) {
    return t.seconds(Math.round(size / 100_000) / 10);
  }
  const whole = Math.round(size / second) * second;
  if (whole < minute) {
    return t.seconds(whole / second);
  }
  if (whole < hour) {
    return t.minutes(Math.floor(whole / minute), Math.floor((whole % minute) / second));
  }
  if (whole < day) {
    return t.hours(Math.floor(whole / hour), Math.floor((whole % hour) / minute));
  }
  return t.days(Math.floor(whole / day), Math.floor((whole % day) / hour));
}
