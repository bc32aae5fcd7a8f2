// The piece of time that the timeline shows, and the arithmetic of moving it.
import { day, hour, minute, second } from './moments';

export interface TimeView {
  from_us: number;
  to_us: number;
}

const spanLeast = second;
const spanMost = 400 * day;

export function spanOf(view: TimeView): number {
  return view.to_us - view.from_us;
}

export function toX(view: TimeView, us: number, width: number): number {
  return ((us - view.from_us) / spanOf(view)) * width;
}

export function toUs(view: TimeView, x: number, width: number): number {
  return view.from_us + (x / Math.max(1, width)) * spanOf(view);
}

// factor < 1 zooms in; what is at `anchor_us` stays where it is.
export function zoomed(view: TimeView, factor: number, anchor_us: number): TimeView {
  const span = Math.min(spanMost, Math.max(spanLeast, spanOf(view) * factor));
  const part = (anchor_us - view.from_us) / spanOf(view);
  const from_us = anchor_us - part * span;
  return { from_us, to_us: from_us + span };
}

export function panned(view: TimeView, by_us: number): TimeView {
  return { from_us: view.from_us + by_us, to_us: view.to_us + by_us };
}

export function centred(view: TimeView, us: number): TimeView {
  const half = spanOf(view) / 2;
  return { from_us: us - half, to_us: us + half };
}

export type TickKind = 'fraction' | 'second' | 'minute' | 'day' | 'month' | 'year';

export interface Tick {
  us: number;
  kind: TickKind;
}

const steps: [number, TickKind][] = [
  [0.1 * second, 'fraction'],
  [0.5 * second, 'fraction'],
  [second, 'second'],
  [2 * second, 'second'],
  [5 * second, 'second'],
  [10 * second, 'second'],
  [30 * second, 'second'],
  [minute, 'minute'],
  [2 * minute, 'minute'],
  [5 * minute, 'minute'],
  [10 * minute, 'minute'],
  [30 * minute, 'minute'],
  [hour, 'minute'],
  [2 * hour, 'minute'],
  [3 * hour, 'minute'],
  [6 * hour, 'minute'],
  [12 * hour, 'minute'],
  [day, 'day'],
  [2 * day, 'day'],
  [7 * day, 'day'],
];

// Below a day steps count from local midnight, so that they fall on round hours in any zone and on
// the days when the clocks change; from a day on they follow the calendar.
export function ticksOf(view: TimeView, mostTicks: number): Tick[] {
  const wanted = spanOf(view) / Math.max(1, mostTicks);
  const step = steps.find(([size]) => size >= wanted);

  if (!step) {
    return monthTicks(view, Math.max(1, Math.ceil(wanted / (30 * day))));
  }
  return step[1] === 'day' ? dayTicks(view, step[0] / day) : clockTicks(view, step[0], step[1]);
}

function midnight(us: number): Date {
  const date = new Date(us / 1000);
  date.setHours(0, 0, 0, 0);
  return date;
}

function clockTicks(view: TimeView, step: number, kind: TickKind): Tick[] {
  const ticks: Tick[] = [];
  const date = midnight(view.from_us);

  while (date.getTime() * 1000 < view.to_us) {
    const start = date.getTime() * 1000;
    date.setDate(date.getDate() + 1);
    const end = Math.min(date.getTime() * 1000, view.to_us + step);
    const first = Math.max(0, Math.floor((view.from_us - start) / step));
    for (let us = start + first * step; us < end; us += step) {
      ticks.push({ us, kind: us === start ? 'day' : kind });
    }
  }
  return ticks;
}

// Each month begins anew at its first, so that the ticks do not drift through it.
function dayTicks(view: TimeView, days: number): Tick[] {
  const ticks: Tick[] = [];
  const month = midnight(view.from_us);

  month.setDate(1);
  while (month.getTime() * 1000 < view.to_us) {
    const date = new Date(month);
    const count = new Date(month.getFullYear(), month.getMonth() + 1, 0).getDate();
    for (let number = 1; number <= count - days / 2; number += days) {
      date.setDate(number);
      ticks.push({ us: date.getTime() * 1000, kind: number === 1 ? 'month' : 'day' });
    }
    month.setMonth(month.getMonth() + 1);
  }
  return ticks;
}

function monthTicks(view: TimeView, months: number): Tick[] {
  const ticks: Tick[] = [];
  const size = [1, 2, 3, 6, 12].find((count) => count >= months) ?? 12;
  const date = midnight(view.from_us);

  date.setMonth(0, 1);
  while (date.getTime() * 1000 < view.to_us) {
    ticks.push({ us: date.getTime() * 1000, kind: date.getMonth() === 0 ? 'year' : 'month' });
    date.setMonth(date.getMonth() + size);
  }
  return ticks;
}
