// What is recorded of one camera, at several resolutions: what is known is drawn at once, and gets
// finer when answers arrive.
import { api, isAborted, type Coverage, type Gap } from '../api';
import { recorderNowUs } from '../session';
import { second } from './moments';
import type { TimeView } from './time_view';

// Resolutions in microseconds a pixel; each is four times the one before.
const finest_us = 16_000;
const levels = 11;
const tilePixels = 2048;
const tilesMost = 240;
const freshMs = 4000;

export interface Tile extends Coverage {
  level: number;
  asked_us: number;
}

export function levelOf(us_a_pixel: number): number {
  const level = Math.floor(Math.log(us_a_pixel / finest_us) / Math.log(4));
  return Math.min(levels - 1, Math.max(0, level));
}

export class CoverageStore {
  private readonly tiles = new Map<string, Tile & { askedMs: number }>();
  private readonly asking = new Map<string, AbortController>();
  private onNews: () => void = () => undefined;

  constructor(readonly camera: string) {}

  // Called when there is more to draw.
  watch(callback: () => void): void {
    this.onNews = callback;
  }

  stop(): void {
    for (const abort of this.asking.values()) {
      abort.abort();
    }
    this.asking.clear();
    this.onNews = () => undefined;
  }

  // What is known of the view, coarse before fine: later ones are drawn over earlier ones.
  known(view: TimeView): Tile[] {
    return [...this.tiles.values()]
      .filter((tile) => tile.to_us > view.from_us && tile.from_us < view.to_us)
      .sort((a, b) => b.level - a.level || a.asked_us - b.asked_us);
  }

  // Up to where the newest answer says that there are recordings.
  newestEnd(view: TimeView): number | undefined {
    const ends = this.known(view).map((tile) => tile.recorded.at(-1)?.[1] ?? 0);
    return ends.length > 0 ? Math.max(...ends) : undefined;
  }

  // The gaps in view, each once, by the finest answers; newest first.
  gaps(view: TimeView): Gap[] {
    const tiles = this.known(view);
    const finest = tiles.at(-1)?.level;
    const found = new Map<number, Gap>();
    for (const gap of tiles.filter((tile) => tile.level === finest).flatMap((tile) => tile.gaps)) {
      if (gap.to_us > view.from_us && gap.from_us < view.to_us) {
        found.set(gap.from_us, gap);
      }
    }
    return [...found.values()].sort((a, b) => b.from_us - a.from_us);
  }

  // Ask for what the view needs and is not known, or has grown; forget other questions.
  want(view: TimeView, us_a_pixel: number): void {
    const level = levelOf(us_a_pixel);
    const size = finest_us * 4 ** level * tilePixels;
    const now = recorderNowUs();
    const wanted = new Map<string, number>();

    for (let n = Math.floor(view.from_us / size); n * size < Math.min(view.to_us, now); n++) {
      wanted.set(`${level}/${n}`, n * size);
    }
    for (const [key, abort] of this.asking) {
      if (!wanted.has(key)) {
        abort.abort();
        this.asking.delete(key);
      }
    }
    for (const [key, from] of wanted) {
      if (!this.asking.has(key) && !this.isFresh(key)) {
        void this.ask(key, level, from, from + size);
      }
    }
  }

  private isFresh(key: string): boolean {
    const tile = this.tiles.get(key);
    // The newest seconds may still change: segments close, gaps get their reason.
    const isPast = tile !== undefined && tile.to_us < tile.asked_us - 60 * second;
    return tile !== undefined && (isPast || performance.now() - tile.askedMs < freshMs);
  }

  private async ask(key: string, level: number, from: number, to: number): Promise<void> {
    const abort = new AbortController();
    const askedMs = performance.now();
    const asked_us = recorderNowUs();

    this.asking.set(key, abort);
    try {
      const answer = await api.timeline(
        this.camera,
        from,
        to,
        finest_us * 4 ** level,
        abort.signal,
      );
      this.tiles.set(key, { ...answer, from_us: from, to_us: to, level, asked_us, askedMs });
      this.forgetOldest();
    } catch (reason) {
      if (!isAborted(reason)) {
        // Asked again with the next look; the status line tells of a recorder that does not answer.
        await new Promise((resolve) => window.setTimeout(resolve, 1000));
      }
    } finally {
      if (this.asking.get(key) === abort) {
        this.asking.delete(key);
        this.onNews();
      }
    }
  }

  private forgetOldest(): void {
    const oldest = this.tiles.keys().next().value;
    if (this.tiles.size > tilesMost && oldest !== undefined) {
      this.tiles.delete(oldest);
    }
  }
}
