// The keyboard of the recordings, and how the view follows time.
import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Range } from '../api';
import type { Conductor } from '../media/conductor';
import { second } from '../model/moments';
import { panned, spanOf, type TimeView } from '../model/time_view';
import { recorderNowUs } from '../session';

const jump_us = 10 * second;

// While it plays, the view moves on when the moment shown comes near its end; near the present it
// moves with the clock.
export function useFollow(
  view: Signal<TimeView>,
  wallUs: Signal<number | undefined>,
  isPlaying: Signal<boolean>,
): void {
  useEffect(() => {
    let before = wallUs.peek();
    return wallUs.subscribe((wall) => {
      const { from_us, to_us } = view.peek();
      const limit = to_us - spanOf(view.peek()) * 0.04;
      const wasInView = before !== undefined && before >= from_us && before <= limit;
      before = wall;
      if (isPlaying.peek() && wall !== undefined && wasInView && wall > limit) {
        view.value = panned(view.peek(), spanOf(view.peek()) * 0.7);
      }
    });
  }, []);
  useEffect(() => {
    const timer = window.setInterval(() => {
      const now = recorderNowUs();
      const { from_us, to_us } = view.peek();
      const span = to_us - from_us;
      const isNearNow = now > to_us - span * 0.02 && now < to_us + span * 0.02;
      if (isNearNow && !(isPlaying.peek() && (wallUs.peek() ?? now) < from_us + span * 0.1)) {
        view.value = panned(view.peek(), span * 0.1);
      }
    }, 1000);
    return () => window.clearInterval(timer);
  }, []);
}

interface Keys {
  conductor: Conductor;
  jump: (by: number) => void;
  zoom: (factor: number) => void;
  mark: (end: 0 | 1) => void;
  goTo: (us: number) => void;
  toNewest: () => void;
  oldest: () => number;
  view: Signal<TimeView>;
  range: Signal<Range | undefined>;
  isSelecting: Signal<boolean>;
}

export function useKeys(keys: Keys): void {
  useEffect(() => {
    const { conductor, view } = keys;
    // These scroll the page everywhere else.
    const ofTimeline = ['PageUp', 'PageDown', 'Home', 'End'];
    const actions: Record<string, () => void> = {
      ' ': () => conductor.toggle(),
      k: () => conductor.toggle(),
      ArrowLeft: () => conductor.step(-1),
      ArrowRight: () => conductor.step(1),
      'Shift+ArrowLeft': () => keys.jump(-jump_us),
      'Shift+ArrowRight': () => keys.jump(jump_us),
      '+': () => keys.zoom(0.5),
      ';': () => keys.zoom(0.5),
      '=': () => keys.zoom(0.5),
      '-': () => keys.zoom(2),
      PageUp: () => (view.value = panned(view.value, -spanOf(view.value) * 0.8)),
      PageDown: () => (view.value = panned(view.value, spanOf(view.value) * 0.8)),
      Home: () => keys.goTo(keys.oldest()),
      End: () => keys.toNewest(),
      '<': () => conductor.faster(-1),
      '>': () => conductor.faster(1),
      i: () => keys.mark(0),
      o: () => keys.mark(1),
      Escape: () => {
        keys.range.value = undefined;
        keys.isSelecting.value = false;
      },
    };
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target;
      if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) {
        return;
      }
      const isField = target.closest('input, select, textarea') !== null;
      const isPressed = event.key === ' ' && target.closest('button, a, summary') !== null;
      const isArrow = event.key.startsWith('Arrow');
      if (ofTimeline.includes(event.key) && target.closest('.timeline') === null) {
        return;
      }
      const action = actions[event.shiftKey && isArrow ? `Shift+${event.key}` : event.key];
      if (action && !isPressed && !isField) {
        event.preventDefault();
        action();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
}
