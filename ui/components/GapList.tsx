import { useSignal, type Signal } from '@preact/signals';
import { texts } from '../language';
import { lengthText } from '../model/amounts';
import { second } from '../model/moments';
import type { TimeView } from '../model/time_view';
import { Moment } from './Moment';
import type { Row } from './timeline_paint';

export function Legend() {
  const t = texts.value.recordings;
  return (
    <ul class="legend" aria-hidden="true">
      <li>
        <i class="recorded" />
        {t.legendRecorded}
      </li>
      <li>
        <i class="gap" />
        {t.legendGap}
      </li>
      <li>
        <i class="nothing" />
        {t.legendNothing}
      </li>
    </ul>
  );
}

// The same gaps as words: for fingers, for screen readers, and to go there.
export function GapList({
  rows,
  view,
  onGo,
}: {
  rows: Row[];
  view: Signal<TimeView>;
  onGo: (us: number) => void;
}) {
  const t = texts.value;
  const isOpen = useSignal(false);
  const most = 50;
  const gaps = isOpen.value
    ? rows
        .flatMap((row) => row.store.gaps(view.value).map((gap) => ({ gap, camera: row.camera })))
        .sort((a, b) => b.gap.from_us - a.gap.from_us)
        .slice(0, most)
    : [];
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{t.recordings.gapList}</summary>
      {isOpen.value && gaps.length === 0 && <p class="hint">{t.recordings.gapListEmpty}</p>}
      <ul class="gaps">
        {gaps.map(({ gap, camera }) => (
          <li key={`${camera.id} ${gap.from_us}`}>
            <button onClick={() => onGo(gap.from_us - 2 * second)}>
              <Moment us={gap.from_us} />
            </button>{' '}
            {camera.name} — {t.gapTitle(lengthText(gap.to_us - gap.from_us), t.gaps[gap.reason])}
            {gap.lost > 0 && ` (${t.gapLost(gap.lost)})`}
          </li>
        ))}
      </ul>
    </details>
  );
}
