// Draws the timeline: what is known of each camera, over the part of time in view.
import type { Camera, Gap, Range } from '../api';
import { texts } from '../language';
import type { CoverageStore, Tile } from '../model/coverage_store';
import { isStoring } from '../model/judge';
import { clockText, dayText, minuteText, monthText, preciseText, second } from '../model/moments';
import { ticksOf, toX, type Tick, type TimeView } from '../model/time_view';

export const rulerHeight = 34;
export const rowHeight = 46;

export function timelineHeight(rows: number): number {
  return rulerHeight + rows * rowHeight;
}

const barTop = 20;
const barHeight = 20;
const gapLeast = 3; // a gap is never thinner than this, or nobody would see it
const growth_us = 30 * second;

export interface Row {
  camera: Camera;
  store: CoverageStore;
  isChosen: boolean;
}

export interface Scene {
  width: number;
  height: number;
  view: TimeView;
  rows: Row[];
  now_us: number;
  playhead_us: number | undefined;
  hover_us: number | undefined;
  range: Range | undefined;
}

export interface Palette {
  text: string;
  quiet: string;
  line: string;
  surface: string;
  track: string;
  recorded: string;
  gap: string;
  accent: string;
  strong: string;
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'),
    quiet: colour('quiet'),
    line: colour('line'),
    surface: colour('surface'),
    track: colour('track'),
    recorded: colour('recorded'),
    gap: colour('gap'),
    accent: colour('accent'),
    strong: colour('strong'),
  };
}

function hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 6;
  tile.height = 6;
  const pen = tile.getContext('2d');
  if (!pen) {
    return colour;
  }
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const shift of [-6, 0, 6]) {
    pen.moveTo(shift - 1, 7);
    pen.lineTo(shift + 7, -1);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}

function tickText(tick: Tick): string {
  switch (tick.kind) {
    case 'fraction':
      return preciseText(tick.us, 1);
    case 'second':
      return clockText(tick.us);
    case 'minute':
      return minuteText(tick.us);
    case 'day':
      return dayText(tick.us);
    case 'month':
    case 'year':
      return monthText(tick.us);
  }
}

export class TimelinePainter {
  private readonly hatched: CanvasPattern | string;

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly palette: Palette,
  ) {
    this.hatched = hatch(context, palette.gap);
  }

  paint(scene: Scene): void {
    const { context, palette } = this;

    context.clearRect(0, 0, scene.width, scene.height);
    context.fillStyle = palette.surface;
    context.fillRect(0, 0, scene.width, scene.height);
    context.textBaseline = 'alphabetic';
    this.paintRuler(scene);
    scene.rows.forEach((row, i) => this.paintRow(scene, row, rulerHeight + i * rowHeight));
    this.paintRange(scene);
    this.paintNow(scene);
    this.paintHover(scene);
    this.paintPlayhead(scene);
  }

  private paintRuler(scene: Scene): void {
    const { context, palette } = this;

    context.font = '12px system-ui, sans-serif';
    context.textAlign = 'left';
    for (const tick of ticksOf(scene.view, scene.width / 74)) {
      const x = Math.round(toX(scene.view, tick.us, scene.width)) + 0.5;
      const isMajor = tick.kind === 'day' || tick.kind === 'month' || tick.kind === 'year';
      context.strokeStyle = palette.line;
      context.beginPath();
      context.moveTo(x, isMajor ? 4 : 14);
      context.lineTo(x, scene.height);
      context.stroke();
      if (x >= 0) {
        context.fillStyle = isMajor ? palette.text : palette.quiet;
        context.fillText(tickText(tick), x + 4, 24);
      }
    }
  }

  private paintRow(scene: Scene, row: Row, top: number): void {
    const { context, palette } = this;
    const bar = top + barTop;

    context.fillStyle = palette.track;
    context.fillRect(0, bar + barHeight - 3, scene.width, 3);
    for (const tile of row.store.known(scene.view)) {
      this.paintTile(scene, tile, bar);
    }
    this.paintGrowth(scene, row, bar);
    context.font = `${row.isChosen ? '600 ' : ''}12px system-ui, sans-serif`;
    context.textAlign = 'left';
    const width = context.measureText(row.camera.name).width;
    context.fillStyle = palette.surface;
    context.fillRect(4, top + 3, width + 8, 15);
    context.fillStyle = row.isChosen ? palette.text : palette.quiet;
    context.fillText(row.camera.name, 8, top + 15);
  }

  // What a finer answer says replaces what a coarser one said of the same time.
  private paintTile(scene: Scene, tile: Tile, bar: number): void {
    const { context, palette } = this;
    const known_us = Math.min(tile.to_us, tile.asked_us);
    // Whole pixels, or a light line would show where two answers meet.
    const x = (us: number): number =>
      Math.round(toX(scene.view, Math.min(known_us, Math.max(tile.from_us, us)), scene.width));

    context.fillStyle = palette.surface;
    context.fillRect(x(tile.from_us), bar, x(known_us) - x(tile.from_us), barHeight);
    context.fillStyle = palette.track;
    context.fillRect(x(tile.from_us), bar + barHeight - 3, x(known_us) - x(tile.from_us), 3);
    context.fillStyle = palette.recorded;
    for (const [from, to] of tile.recorded) {
      if (to > scene.view.from_us && from < scene.view.to_us && to > tile.from_us) {
        context.fillRect(x(from), bar, Math.max(1, x(to) - x(from)), barHeight);
      }
    }
    for (const gap of tile.gaps) {
      if (gap.to_us > scene.view.from_us && gap.from_us < scene.view.to_us) {
        this.paintGap(x(gap.from_us), x(gap.to_us), bar);
      }
    }
  }

  // A gap is hatched and lower than a recording: its shape tells it, not its colour alone.
  private paintGap(from: number, to: number, bar: number): void {
    const { context, palette } = this;
    const width = Math.max(gapLeast, to - from);

    context.fillStyle = palette.surface;
    context.fillRect(from, bar, width, barHeight);
    context.fillStyle = width > 8 ? this.hatched : palette.gap;
    context.fillRect(from, bar + 6, width, barHeight - 6);
    context.fillStyle = palette.gap;
    context.fillRect(from, bar + barHeight - 2, width, 2);
  }

  // Between two answers the newest recording grows by what the status says.
  private paintGrowth(scene: Scene, row: Row, bar: number): void {
    const last = row.camera.last_us;
    const newest = row.store.newestEnd(scene.view);

    if (last === null || newest === undefined || !isStoring(row.camera, scene.now_us)) {
      return;
    }
    if (last > newest && last - newest < growth_us) {
      const from = toX(scene.view, newest, scene.width);
      this.context.fillStyle = this.palette.recorded;
      this.context.fillRect(
        from - 1,
        bar,
        toX(scene.view, last, scene.width) - from + 1,
        barHeight,
      );
    }
  }

  private paintRange(scene: Scene): void {
    if (!scene.range) {
      return;
    }
    const { context, palette } = this;
    const from = toX(scene.view, scene.range[0], scene.width);
    const to = toX(scene.view, scene.range[1], scene.width);

    context.globalAlpha = 0.18;
    context.fillStyle = palette.accent;
    context.fillRect(from, rulerHeight - 6, to - from, scene.height);
    context.globalAlpha = 1;
    for (const [x, side] of [
      [from, -1],
      [to, 1],
    ] as const) {
      context.fillStyle = palette.accent;
      context.fillRect(x - 1, 4, 2, scene.height);
      context.beginPath();
      context.roundRect(side < 0 ? x - 10 : x, 6, 10, 22, side < 0 ? [5, 0, 0, 5] : [0, 5, 5, 0]);
      context.fill();
    }
  }

  private paintNow(scene: Scene): void {
    const { context, palette } = this;
    const x = Math.round(toX(scene.view, scene.now_us, scene.width));

    if (x < 0 || x > scene.width) {
      return;
    }
    context.strokeStyle = palette.quiet;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x + 0.5, 14);
    context.lineTo(x + 0.5, scene.height);
    context.stroke();
    context.setLineDash([]);
    context.font = '11px system-ui, sans-serif';
    context.textAlign = x > scene.width - 40 ? 'right' : 'left';
    context.fillStyle = palette.quiet;
    context.fillText(texts.value.recordings.now, x + (x > scene.width - 40 ? -9 : 9), 11);
  }

  private paintHover(scene: Scene): void {
    if (scene.hover_us !== undefined) {
      const x = Math.round(toX(scene.view, scene.hover_us, scene.width));
      this.context.fillStyle = this.palette.quiet;
      this.context.fillRect(x, rulerHeight - 6, 1, scene.height);
    }
  }

  private paintPlayhead(scene: Scene): void {
    if (scene.playhead_us === undefined) {
      return;
    }
    const { context, palette } = this;
    const x = toX(scene.view, scene.playhead_us, scene.width);

    if (x < -10 || x > scene.width + 10) {
      return;
    }
    context.fillStyle = palette.strong;
    context.fillRect(Math.round(x) - 1, 8, 2, scene.height);
    context.beginPath();
    context.moveTo(x - 7, 4);
    context.lineTo(x + 7, 4);
    context.lineTo(x, 15);
    context.fill();
  }
}

// The gap under a moment, by the finest that is known.
export function gapAt(
  store: CoverageStore,
  view: TimeView,
  us: number,
  slack_us: number,
): Gap | undefined {
  return store
    .known(view)
    .reverse()
    .flatMap((tile) => tile.gaps)
    .find((gap) => us >= gap.from_us - slack_us && us <= gap.to_us + slack_us);
}
