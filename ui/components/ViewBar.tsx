import { useSignal, type Signal } from '@preact/signals';
import type { Range } from '../api';
import { texts } from '../language';
import { day, fromField, hour, offsetText, toField } from '../model/moments';
import { spanOf, type TimeView } from '../model/time_view';
import { recorderNowUs } from '../session';
import { Icon } from './Icon';

const spans = { hour, day, week: 7 * day, month: 31 * day, year: 366 * day };

interface ViewBarProps {
  view: Signal<TimeView>;
  wallUs: Signal<number | undefined>;
  range: Signal<Range | undefined>;
  isSelecting: Signal<boolean>;
  onZoom: (factor: number) => void;
  onGo: (us: number) => void;
}

// How much time the timeline shows, going to a date, and choosing a range.
export function ViewBar({ view, wallUs, range, isSelecting, onZoom, onGo }: ViewBarProps) {
  const t = texts.value.recordings;
  const asked = useSignal(toField(wallUs.peek() ?? recorderNowUs()));
  const show = (span: number): void => {
    const now = recorderNowUs();
    const wall = wallUs.value;
    const middle = wall ?? (view.value.from_us + view.value.to_us) / 2;
    const to_us = Math.min(middle + span / 2, now + span * 0.05);
    view.value = { from_us: to_us - span, to_us };
  };
  const isSpan = (span: number): boolean => Math.abs(spanOf(view.value) / span - 1) < 0.01;
  return (
    <div class="view-bar">
      <div class="segmented" role="group" aria-label={t.spans}>
        {(Object.keys(spans) as (keyof typeof spans)[]).map((name) => (
          <button key={name} aria-pressed={isSpan(spans[name])} onClick={() => show(spans[name])}>
            {t.span[name]}
          </button>
        ))}
      </div>
      <div class="tools">
        <button class="tool" title={t.zoomIn} aria-label={t.zoomIn} onClick={() => onZoom(0.5)}>
          <Icon name="plus" />
        </button>
        <button class="tool" title={t.zoomOut} aria-label={t.zoomOut} onClick={() => onZoom(2)}>
          <Icon name="minus" />
        </button>
      </div>
      <form
        class="go-to"
        onSubmit={(event) => {
          event.preventDefault();
          const us = fromField(asked.value);
          if (us !== undefined) {
            onGo(us);
          }
        }}
      >
        <input
          type="datetime-local"
          step={1}
          required
          value={asked.value}
          aria-label={t.goToLabel}
          title={offsetText(recorderNowUs())}
          onInput={(event) => (asked.value = event.currentTarget.value)}
        />
        <button type="submit">{t.goTo}</button>
      </form>
      <button
        class="with-icon"
        aria-pressed={isSelecting.value}
        onClick={() => {
          isSelecting.value = !isSelecting.value;
          if (isSelecting.value && !range.value) {
            const { from_us, to_us } = view.value;
            const middle = wallUs.value ?? (from_us + to_us) / 2;
            const span = (to_us - from_us) / 10;
            range.value = [middle - span / 2, Math.min(middle + span / 2, recorderNowUs())];
          }
        }}
      >
        <Icon name="range" />
        {texts.value.export.begin}
      </button>
    </div>
  );
}
