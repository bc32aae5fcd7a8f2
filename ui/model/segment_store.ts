// What is known of one camera's segments, so that a click needs as few questions as possible.
import { api, type Chunk, type Segment } from '../api';
import { recorderNowUs } from '../session';
import { day, hour, minute, second } from './moments';

const block = 10 * minute; // asked and remembered in pieces of this length
const freshMs = 700; // a block that still grows is asked again after so long
const blocksMost = 400;
const seam_us = second / 10; // labels of neighbouring chunks may be apart by rounding and jitter

export interface Place {
  segment: Segment;
  index: number;
}

export type Following = Place | 'edge';

export function chunkAt(segment: Segment, us: number): number {
  let low = 0;
  let high = segment.chunks.length - 1;

  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segment.chunks[middle]?.[2] ?? Infinity) <= us) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// The nearest chunk at or before `index` that can be decoded from its start.
export function keyChunkBefore(segment: Segment, index: number): number | undefined {
  for (let i = index; i >= 0; i--) {
    if (segment.chunks[i]?.[4]) {
      return i;
    }
  }
  return undefined;
}

export function chunkEnd(chunk: Chunk): number {
  return chunk[2] + chunk[3];
}

// The segment's end as far as there is media of it now.
export function mediaEnd(segment: Segment): number {
  const last = segment.chunks.at(-1);
  return last ? chunkEnd(last) : segment.start_us;
}

export class SegmentStore {
  private sorted: Segment[] = [];
  private readonly byId = new Map<string, Segment>();
  private readonly blocks = new Map<number, { askedMs: number; isFinal: boolean }>();
  private readonly asking = new Map<number, Promise<void>>();

  constructor(readonly camera: string) {}

  // Without asking: the segment that has `us`, if it is known already.
  peek(us: number): Segment | undefined {
    let low = 0;
    let high = this.sorted.length - 1;
    let found: Segment | undefined;

    while (low <= high) {
      const middle = (low + high) >> 1;
      const segment = this.sorted[middle];
      if (segment && segment.start_us <= us) {
        found = segment;
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return found && us < mediaEnd(found) ? found : undefined;
  }

  // The chunk that has `us`, if it is known. Media may be missing inside a segment too.
  peekPlace(us: number): Place | undefined {
    const segment = this.peek(us);
    const index = segment ? chunkAt(segment, us) : 0;
    const chunk = segment?.chunks[index];
    return segment && chunk && us < chunkEnd(chunk) + seam_us ? { segment, index } : undefined;
  }

  // The first known segment that begins at `us` or later.
  private peekAfter(us: number): Segment | undefined {
    return this.sorted.find((segment) => segment.start_us >= us && segment.chunks.length > 0);
  }

  // The first known moment at or after `us` that has media.
  private peekStart(us: number): number | undefined {
    if (this.peekPlace(us)) {
      return us;
    }
    const inside = this.peek(us)?.chunks.find((chunk) => chunk[2] >= us);
    return (inside ?? this.peekAfter(us)?.chunks[0])?.[2];
  }

  // Make the block around `us` known; no question if it is, and cannot have grown since. Lists are
  // small and shared by all who ask, so a question is never cut short.
  async load(us: number): Promise<void> {
    const number = Math.floor(us / block);
    const known = this.blocks.get(number);

    if (known && (known.isFinal || performance.now() - known.askedMs < freshMs)) {
      return;
    }
    const running = this.asking.get(number);
    if (running) {
      return running;
    }
    const question = this.ask(number);
    this.asking.set(number, question);
    try {
      await question;
    } finally {
      this.asking.delete(number);
    }
  }

  private async ask(number: number): Promise<void> {
    const from = number * block;
    const askedMs = performance.now();
    const askedUs = recorderNowUs();
    const answer = await api.segments(this.camera, from, from + block);

    for (const segment of answer.segments) {
      this.byId.set(segment.id, segment);
    }
    this.sorted = [...this.byId.values()].sort((a, b) => a.start_us - b.start_us);
    // A segment reaches past the end of its block while it is open, hence the margin.
    const isFinal = from + block + 2 * minute < askedUs && !answer.segments.some((s) => s.open);
    this.blocks.set(number, { askedMs, isFinal });
    if (this.blocks.size > blocksMost) {
      this.blocks.clear();
      this.byId.clear();
      this.sorted = [];
    }
  }

  async find(us: number): Promise<Place | undefined> {
    const known = this.peekPlace(us);
    if (known) {
      return known;
    }
    await this.load(us);
    return this.peekPlace(us);
  }

  // The start of the first media at or after `us`; undefined: none yet.
  async nextStart(us: number): Promise<number | undefined> {
    for (const at of [us, us + block]) {
      if (at < recorderNowUs()) {
        await this.load(at);
      }
      const near = this.peekStart(us);
      if (near !== undefined && near < at + block) {
        return near;
      }
    }
    const now = recorderNowUs();
    for (const reach of [6 * hour, 7 * day, 90 * day, 3660 * day]) {
      const to = Math.min(us + reach, now);
      const answer = await api.timeline(this.camera, us, to, reach / 1000);
      const first = answer.recorded.find((range) => range[1] > us);
      if (first) {
        return this.exactStart(Math.max(first[0], us));
      }
      if (to === now) {
        break;
      }
    }
    return undefined;
  }

  // A coarse timeline may begin a little before the media does.
  private async exactStart(us: number): Promise<number> {
    await this.load(us);
    return this.peekStart(us) ?? us;
  }

  // What comes after a chunk: the next of its segment, or the first of the next segment.
  async following(place: Place): Promise<Following> {
    let segment = this.byId.get(place.segment.id) ?? place.segment;

    if (segment.open && place.index + 1 >= segment.chunks.length) {
      await this.load(mediaEnd(segment));
      await this.load(Math.min(mediaEnd(segment) + 2 * second, recorderNowUs()));
      segment = this.byId.get(segment.id) ?? segment;
    }
    if (place.index + 1 < segment.chunks.length) {
      return { segment, index: place.index + 1 };
    }
    if (segment.open) {
      return 'edge';
    }
    const after = this.peekAfter(segment.start_us + 1);
    if (after && this.isKnownBetween(mediaEnd(segment), after.start_us)) {
      return { segment: after, index: 0 };
    }
    const start = await this.nextStart(mediaEnd(segment));
    const next = start === undefined ? undefined : (this.peek(start) ?? this.peekAfter(start));
    return next && next.id !== segment.id ? { segment: next, index: 0 } : 'edge';
  }

  private isKnownBetween(from: number, to: number): boolean {
    for (let number = Math.floor(from / block); number <= Math.floor(to / block); number++) {
      if (!this.blocks.has(number)) {
        return false;
      }
    }
    return true;
  }
}
