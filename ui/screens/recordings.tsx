import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Camera, Range } from '../api';
import { CameraChooser, camerasMost } from '../components/CameraChooser';
import { GapList, Legend } from '../components/GapList';
import { Notice } from '../components/Notice';
import { Player } from '../components/Player';
import { RangeExport } from '../components/RangeExport';
import { Timeline } from '../components/Timeline';
import { useFollow, useKeys } from '../components/timeline_keys';
import { timelineHeight, type Row } from '../components/timeline_paint';
import { Transport } from '../components/Transport';
import { ViewBar } from '../components/ViewBar';
import { texts } from '../language';
import { Conductor } from '../media/conductor';
import { CoverageStore } from '../model/coverage_store';
import { day, minute, second } from '../model/moments';
import { SegmentStore } from '../model/segment_store';
import { centred, spanOf, zoomed, type TimeView } from '../model/time_view';
import { recall, remember } from '../remember';
import { route } from '../route';
import { maySeePictures, recorderNowUs } from '../session';
import { status } from '../status';

const nearEdge_us = 1.5 * second; // the newest moment that is surely stored

// What is kept while the screen is open: the stores of all cameras, and the players' conductor.
class Desk {
  readonly conductor = new Conductor();
  private readonly coverage = new Map<string, CoverageStore>();
  private readonly segments = new Map<string, SegmentStore>();

  coverageOf(id: string): CoverageStore {
    const store = this.coverage.get(id) ?? new CoverageStore(id);
    this.coverage.set(id, store);
    return store;
  }

  readonly segmentsOf = (id: string): SegmentStore => {
    const store = this.segments.get(id) ?? new SegmentStore(id);
    this.segments.set(id, store);
    return store;
  };

  stop(): void {
    this.conductor.stop();
    for (const store of this.coverage.values()) {
      store.stop();
    }
  }
}

function firstView(cameras: Camera[]): TimeView {
  const now = recorderNowUs();
  const oldest = Math.min(now, ...cameras.flatMap((camera) => camera.oldest_us ?? []));
  const span = Math.min(day, Math.max(10 * minute, (now - oldest) * 1.1));
  return { from_us: now - span * 0.95, to_us: now + span * 0.05 };
}

function firstChosen(cameras: Camera[]): string[] {
  const asked = route.value.rest[0];
  const kept = recall('recordings.cameras')?.split(' ') ?? [];
  const known = (asked ? [asked] : kept).filter((id) => cameras.some((camera) => camera.id === id));
  const first = cameras.find((camera) => camera.last_us !== null) ?? cameras[0];
  return known.length > 0 ? known.slice(0, camerasMost) : first ? [first.id] : [];
}

export function Recordings() {
  const cameras = status.value?.cameras;

  if (!maySeePictures()) {
    return <Notice tone="warn">{texts.value.live.mayNot}</Notice>;
  }
  if (!cameras) {
    return <p>{texts.value.loading}</p>;
  }
  if (cameras.length === 0) {
    return <Notice tone="warn">{texts.value.recordings.noCameras}</Notice>;
  }
  return <Desktop cameras={cameras} />;
}

function Desktop({ cameras }: { cameras: Camera[] }) {
  const t = texts.value.recordings;
  const desk = useMemo(() => new Desk(), []);
  const { conductor } = desk;
  const view = useSignal<TimeView>(useMemo(() => firstView(cameras), []));
  const chosen = useSignal<string[]>(useMemo(() => firstChosen(cameras), []));
  const range = useSignal<Range | undefined>(undefined);
  const isSelecting = useSignal(false);
  const hasSound = useSignal(false);
  const shown = cameras.filter((camera) => chosen.value.includes(camera.id));
  const newest = (): number =>
    Math.max(0, ...shown.map((camera) => camera.last_us ?? 0)) - nearEdge_us;
  const oldest = (): number =>
    Math.min(recorderNowUs(), ...shown.flatMap((camera) => camera.oldest_us ?? []));

  const seek = (us: number, isToPlay = true): void => {
    conductor.seek(newest() > 0 ? Math.min(us, newest()) : us);
    if (isToPlay) {
      conductor.play();
    }
  };
  const reveal = (us: number): void => {
    if (us < view.value.from_us || us > view.value.to_us) {
      view.value = centred(view.value, us);
    }
  };
  const goTo = (us: number): void => {
    seek(us, conductor.isPlaying.value);
    reveal(us);
  };
  const jump = (by: number): void => {
    if (conductor.wallUs.value !== undefined) {
      goTo(conductor.wallUs.value + by);
    }
  };
  const zoom = (factor: number): void => {
    const wall = conductor.wallUs.value;
    const { from_us, to_us } = view.value;
    const isInView = wall !== undefined && wall > from_us && wall < to_us;
    view.value = zoomed(view.value, factor, isInView ? wall : (from_us + to_us) / 2);
  };
  const mark = (end: 0 | 1): void => {
    const wall = conductor.wallUs.value;
    if (wall === undefined) {
      return;
    }
    const [from, to] = range.value ?? [wall, wall];
    range.value =
      end === 0 ? [wall, Math.max(wall + second, to)] : [Math.min(wall - second, from), wall];
  };
  const toNewest = (): void => {
    seek(newest());
    const span = spanOf(view.value);
    view.value = { from_us: recorderNowUs() - span * 0.9, to_us: recorderNowUs() + span * 0.1 };
  };

  useEffect(() => () => desk.stop(), []);
  useKeys({ conductor, jump, zoom, mark, goTo, toNewest, oldest, view, range, isSelecting });
  useFollow(view, conductor.wallUs, conductor.isPlaying);
  useEffect(() => remember('recordings.cameras', chosen.value.join(' ')), [chosen.value]);
  useEffect(() => {
    const at = Number(route.value.query.get('at'));
    if (at > 0) {
      goTo(at);
    } else if (newest() > 0) {
      seek(newest(), false);
    }
  }, []);

  const rows: Row[] = cameras.map((camera) => ({
    camera,
    store: desk.coverageOf(camera.id),
    isChosen: chosen.value.includes(camera.id),
  }));
  return (
    <div
      class="recordings"
      style={{ '--timeline': `${timelineHeight(Math.min(6, rows.length))}px` }}
    >
      <h1 class="visually-hidden">{t.title}</h1>
      <div class={`players n${shown.length}`}>
        {shown.map((camera) => (
          <Player
            key={camera.id}
            camera={camera}
            conductor={conductor}
            store={desk.segmentsOf(camera.id)}
            hasSound={hasSound.value && camera === shown[0]}
          />
        ))}
      </div>
      <Transport
        conductor={conductor}
        hasSound={hasSound}
        onJump={jump}
        onNewest={toNewest}
        hasAudio={shown[0]?.tracks.some((track) => track.kind === 'audio') ?? false}
      />
      <ViewBar
        view={view}
        wallUs={conductor.wallUs}
        onZoom={zoom}
        onGo={goTo}
        range={range}
        isSelecting={isSelecting}
      />
      {isSelecting.value && (
        <p class="hint" role="status">
          {texts.value.export.beginHint}
        </p>
      )}
      <Timeline
        rows={rows}
        view={view}
        wallUs={conductor.wallUs}
        range={range}
        isSelecting={isSelecting}
        onSeek={(us) => seek(us)}
      />
      <CameraChooser cameras={cameras} chosen={chosen} />
      {range.value && (
        <RangeExport
          range={range}
          cameras={cameras}
          storeOf={desk.segmentsOf}
          chosen={chosen.value}
        />
      )}
      <div class="foot">
        <Legend />
        <GapList rows={rows} view={view} onGo={goTo} />
        <details>
          <summary>{t.keys}</summary>
          <table class="keys">
            <tbody>
              {t.keyList.map(([key, what]) => (
                <tr key={key}>
                  <th scope="row">
                    <kbd>{key}</kbd>
                  </th>
                  <td>{what}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      </div>
    </div>
  );
}
