import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Range } from '../api';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { exactText, momentText, preciseText, second } from '../model/moments';
import { panned, spanOf, toUs, toX, zoomed, type TimeView } from '../model/time_view';
import { recorderNowUs } from '../session';
import {
  gapAt,
  readPalette,
  rowHeight,
  rulerHeight,
  timelineHeight,
  TimelinePainter,
  type Row,
} from './timeline_paint';

interface TimelineProps {
  rows: Row[];
  view: Signal<TimeView>;
  wallUs: Signal<number | undefined>;
  range: Signal<Range | undefined>;
  // Dragging selects a range instead of moving the view.
  isSelecting: Signal<boolean>;
  onSeek: (us: number) => void;
}

const clickMost_px = 5;
const handle_px = 14;
const askDelay_ms = 60;

type Drag =
  | { kind: 'pan'; x: number; view: TimeView; hasMoved: boolean }
  | { kind: 'select'; anchor_us: number }
  | { kind: 'pinch'; distance: number; centre_us: number; view: TimeView };

// All cameras over one axis of time. Wheel and pinch zoom, dragging moves, a click plays.
export function Timeline({ rows, view, wallUs, range, isSelecting, onSeek }: TimelineProps) {
  const t = texts.value.recordings;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hover = useSignal<{ x: number; y: number } | undefined>(undefined);
  const width = useSignal(0);
  const latest = useRef(rows);
  const redraw = useRef<() => void>(() => undefined);
  const height = timelineHeight(rows.length);

  latest.current = rows;
  useDrawing(box, canvas, width, { latest, redraw, view, wallUs, range, hover });
  useHands(box, width, { view, range, isSelecting, hover, onSeek });
  useEffect(() => redraw.current());

  const wall = wallUs.value;
  return (
    <div
      ref={box}
      class={isSelecting.value ? 'timeline selecting' : 'timeline'}
      role="slider"
      tabIndex={0}
      aria-label={t.timeline}
      aria-valuemin={Math.round(view.value.from_us / second)}
      aria-valuemax={Math.round(view.value.to_us / second)}
      aria-valuenow={Math.round((wall ?? view.value.to_us) / second)}
      data-from={Math.round(view.value.from_us)}
      data-to={Math.round(view.value.to_us)}
      aria-valuetext={wall === undefined ? t.pickMoment : exactText(wall)}
    >
      <canvas ref={canvas} style={{ height: `${height}px` }} />
      <HoverTip rows={rows} view={view} hover={hover} width={width} />
    </div>
  );
}

interface Drawing {
  latest: { current: Row[] };
  redraw: { current: () => void };
  view: Signal<TimeView>;
  wallUs: Signal<number | undefined>;
  range: Signal<Range | undefined>;
  hover: Signal<{ x: number; y: number } | undefined>;
}

// Draws once per animation frame at most, and only when something changed.
function useDrawing(
  box: { current: HTMLDivElement | null },
  canvas: { current: HTMLCanvasElement | null },
  width: Signal<number>,
  drawing: Drawing,
): void {
  useEffect(() => {
    const element = canvas.current;
    const frame = box.current;
    const context = element?.getContext('2d');
    if (!element || !frame || !context) {
      return undefined;
    }
    let painter = new TimelinePainter(context, readPalette(frame));
    let request = 0;
    let askTimer = 0;

    const paint = (): void => {
      request = 0;
      const rows = drawing.latest.current;
      const wide = frame.clientWidth;
      const high = timelineHeight(rows.length);
      const scale = window.devicePixelRatio || 1;
      const pixels: [number, number] = [Math.round(wide * scale), Math.round(high * scale)];
      if (element.width !== pixels[0] || element.height !== pixels[1]) {
        [element.width, element.height] = pixels;
      }
      context.setTransform(scale, 0, 0, scale, 0, 0);
      const hover = drawing.hover.value;
      painter.paint({
        width: wide,
        height: high,
        view: drawing.view.value,
        rows,
        now_us: recorderNowUs(),
        playhead_us: drawing.wallUs.value,
        hover_us: hover && toUs(drawing.view.value, hover.x, wide),
        range: drawing.range.value,
      });
    };
    const plan = (): void => {
      request ||= window.requestAnimationFrame(paint);
    };
    const ask = (): void => {
      askTimer = 0;
      for (const row of drawing.latest.current) {
        row.store.watch(plan);
        row.store.want(drawing.view.value, spanOf(drawing.view.value) / Math.max(1, width.value));
      }
    };
    const planAsk = (): void => {
      askTimer ||= window.setTimeout(ask, askDelay_ms);
    };
    const onColours = (): void => {
      painter = new TimelinePainter(context, readPalette(frame));
      plan();
    };
    const colours = window.matchMedia('(prefers-color-scheme: dark)');
    const sizes = new ResizeObserver(() => {
      width.value = frame.clientWidth;
      plan();
      planAsk();
    });
    const clock = window.setInterval(() => {
      plan();
      planAsk();
    }, 1000);

    drawing.redraw.current = () => {
      plan();
      planAsk();
    };
    const ends = [
      drawing.view.subscribe(drawing.redraw.current),
      drawing.wallUs.subscribe(plan),
      drawing.range.subscribe(plan),
      drawing.hover.subscribe(plan),
    ];
    colours.addEventListener('change', onColours);
    sizes.observe(frame);
    return () => {
      ends.forEach((end) => end());
      colours.removeEventListener('change', onColours);
      sizes.disconnect();
      window.clearInterval(clock);
      window.clearTimeout(askTimer);
      window.cancelAnimationFrame(request);
    };
  }, []);
}

interface Hands {
  view: Signal<TimeView>;
  range: Signal<Range | undefined>;
  isSelecting: Signal<boolean>;
  hover: Signal<{ x: number; y: number } | undefined>;
  onSeek: (us: number) => void;
}

// Mouse, pen and fingers on the timeline.
function useHands(
  box: { current: HTMLDivElement | null },
  width: Signal<number>,
  hands: Hands,
): void {
  const current = useRef(hands);
  current.current = hands;

  useEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    const fingers = new Map<number, number>();
    let drag: Drag | undefined;

    const place = (event: { clientX: number; clientY: number }): { x: number; y: number } => {
      const area = element.getBoundingClientRect();
      return {
        x: event.clientX - area.left - element.clientLeft,
        y: event.clientY - area.top - element.clientTop,
      };
    };
    const timeAt = (x: number): number => toUs(current.current.view.value, x, width.value);
    // The end of the range that stays when the other one is taken at x.
    const grabbed = (x: number): number | undefined => {
      const { range, view } = current.current;
      if (!range.value) {
        return undefined;
      }
      const [from, to] = range.value;
      if (Math.abs(toX(view.value, from, width.value) - x) < handle_px) {
        return to;
      }
      return Math.abs(toX(view.value, to, width.value) - x) < handle_px ? from : undefined;
    };
    const select = (a: number, b: number): void => {
      current.current.range.value = [Math.min(a, b), Math.max(a, b)];
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) {
        return;
      }
      const { x } = place(event);
      fingers.set(event.pointerId, x);
      element.setPointerCapture(event.pointerId);
      const view = current.current.view.value;
      const [one, two] = [...fingers.values()];
      if (one !== undefined && two !== undefined) {
        const centre_us = timeAt((one + two) / 2);
        drag = { kind: 'pinch', distance: Math.max(10, Math.abs(one - two)), centre_us, view };
        return;
      }
      const kept = grabbed(x);
      if (kept !== undefined) {
        drag = { kind: 'select', anchor_us: kept };
      } else if (current.current.isSelecting.value || event.shiftKey) {
        drag = { kind: 'select', anchor_us: timeAt(x) };
      } else {
        drag = { kind: 'pan', x, view, hasMoved: false };
      }
    };
    const onMove = (event: PointerEvent): void => {
      const at = place(event);
      current.current.hover.value = event.pointerType === 'mouse' ? at : undefined;
      if (!drag || !fingers.has(event.pointerId)) {
        return;
      }
      fingers.set(event.pointerId, at.x);
      if (drag.kind === 'pinch') {
        const [one = 0, two = 0] = [...fingers.values()];
        const factor = drag.distance / Math.max(10, Math.abs(one - two));
        const next = zoomed(drag.view, factor, drag.centre_us);
        const shift = drag.centre_us - toUs(next, (one + two) / 2, width.value);
        current.current.view.value = panned(next, shift);
      } else if (drag.kind === 'select') {
        select(drag.anchor_us, timeAt(at.x));
      } else if (drag.hasMoved || Math.abs(at.x - drag.x) > clickMost_px) {
        drag.hasMoved = true;
        const by = ((drag.x - at.x) / width.value) * spanOf(drag.view);
        current.current.view.value = panned(drag.view, by);
      }
    };
    const onUp = (event: PointerEvent): void => {
      const was = drag;
      fingers.delete(event.pointerId);
      drag = undefined;
      if (!was || event.type === 'pointercancel') {
        return;
      }
      if (was.kind === 'pan' && !was.hasMoved) {
        current.current.onSeek(timeAt(place(event).x));
      } else if (was.kind === 'select') {
        current.current.isSelecting.value = false;
      }
    };
    const onLeave = (): void => {
      current.current.hover.value = undefined;
    };
    const onWheel = (event: WheelEvent): void => {
      const view = current.current.view;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
      const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        view.value = panned(view.value, (sideways * unit * spanOf(view.value)) / width.value);
      } else {
        const strength = event.ctrlKey ? 0.01 : 0.0022;
        const factor = Math.exp(event.deltaY * unit * strength);
        view.value = zoomed(view.value, factor, timeAt(place(event).x));
      }
    };

    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    element.addEventListener('pointerleave', onLeave);
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
      element.removeEventListener('pointerleave', onLeave);
      element.removeEventListener('wheel', onWheel);
    };
  }, []);
}

interface HoverTipProps {
  rows: Row[];
  view: Signal<TimeView>;
  hover: Signal<{ x: number; y: number } | undefined>;
  width: Signal<number>;
}

function HoverTip({ rows, view, hover, width }: HoverTipProps) {
  const at = hover.value;
  if (!at) {
    return null;
  }
  const us = toUs(view.value, at.x, width.value);
  const row = rows[Math.floor((at.y - rulerHeight) / rowHeight)];
  const slack = (spanOf(view.value) / Math.max(1, width.value)) * 2;
  const gap = row && gapAt(row.store, view.value, us, slack);
  const isFine = spanOf(view.value) < 120 * second;
  const left = Math.min(Math.max(at.x, 110), Math.max(110, width.value - 110));
  return (
    <div class="hover-tip" style={{ left: `${left}px` }} aria-hidden="true">
      <span>{isFine ? preciseText(us, 3) : momentText(us)}</span>
      {gap && (
        <span class="gap-text">
          {texts.value.gapTitle(lengthText(gap.to_us - gap.from_us), texts.value.gaps[gap.reason])}
        </span>
      )}
    </div>
  );
}
