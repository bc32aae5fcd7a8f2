// Recorded pictures of one camera in one video element, placed by wall time.
//
// The element's time line counts from a moment long before the recording, so that wall time =
// origin + currentTime for every segment, and going back seldom leaves the time line.
import { api, ApiError, isAborted, type Segment } from '../api';
import { day, second } from '../model/moments';
import { chunkEnd, keyChunkBefore, mediaEnd } from '../model/segment_store';
import type { Place, SegmentStore } from '../model/segment_store';
import { recorderNowUs } from '../session';
import { readPictureTimes, readVideoTrack, type VideoTrack } from './fragments';
import { FeedClosed, isPlayable, MediaFeed } from './media_feed';

export type Standing =
  | { kind: 'empty' }
  | { kind: 'loading' }
  | { kind: 'ready' }
  // Nothing is recorded at this moment; next_us: where it goes on.
  | { kind: 'gap'; next_us: number | undefined }
  // All that is stored has been shown; more may come.
  | { kind: 'edge' }
  | { kind: 'unsupported'; mime: string }
  | { kind: 'failed'; error: ApiError | undefined };

const originBefore_us = 1000 * day;
const retryEdgeMs = 1000;
const edge_us = 30 * second; // as late as this the newest pictures are stored
const restMs = 700; // between two questions for what is not stored yet
const keepBehind_s = 20;
const keepAhead_s = 90;
const runMostBytes = 2 * 1024 * 1024;
const runMostChunks = 8;
const hole_us = 0.7 * second; // a smaller hole between segments is stepped over without a word
const nudge_us = 1500; // inside the picture, off its edge
// Browsers show a picture only once they have some of what follows, sound above all.
const preroll_us = 0.5 * second;

interface Init {
  bytes: ArrayBuffer;
  track: VideoTrack | undefined;
}

export class Playback {
  private feed: MediaFeed | undefined;
  private origin_us = 0;
  private run = new AbortController();
  private inits = new Map<string, Promise<Init>>();
  private lastInit = '';
  // The last chunk that is in the buffer, and since where the buffer is without a hole.
  private cursor: Place | undefined;
  private cursorFrom_us = 0;
  private isPumping = false;
  private isSeeking = false; // in the element: what was asked for is in the buffer
  private pictures: number[] = [];
  private asked_us: number | undefined;
  private isWished = false;
  private triedMs = 0;
  private restUntilMs = 0;
  private state: Standing = { kind: 'empty' };

  constructor(
    private readonly video: HTMLVideoElement,
    readonly store: SegmentStore,
    private readonly onStanding: (standing: Standing) => void,
  ) {
    video.addEventListener('error', this.onVideoError);
  }

  get standing(): Standing {
    return this.state;
  }

  // The wall time of what is on screen, or was last asked for.
  get wallUs(): number {
    if (this.asked_us !== undefined || !this.feed) {
      return this.asked_us ?? 0;
    }
    return this.origin_us + this.video.currentTime * 1e6;
  }

  stop(): void {
    this.run.abort();
    this.video.removeEventListener('error', this.onVideoError);
    this.drop();
  }

  private readonly onVideoError = (): void => {
    if (this.feed && this.video.error) {
      this.drop();
      this.stand({ kind: 'failed', error: undefined });
    }
  };

  private stand(next: Standing): void {
    this.state = next;
    this.onStanding(next);
  }

  private drop(): void {
    this.feed?.close();
    this.feed = undefined;
    this.cursor = undefined;
    this.lastInit = '';
    this.pictures = [];
  }

  private toElement(us: number): number {
    return (us - this.origin_us) / 1e6;
  }

  private cursorEnd(): number | undefined {
    const chunk = this.cursor?.segment.chunks[this.cursor.index];
    return chunk && chunkEnd(chunk);
  }

  private isInBuffer(us: number): boolean {
    const end = this.cursorEnd();
    return this.feed !== undefined && end !== undefined && us >= this.cursorFrom_us && us < end;
  }

  // Show the picture that was current at `us`. A later seek ends an earlier one.
  async seek(us: number): Promise<void> {
    this.run.abort();
    const run = new AbortController();
    this.run = run;
    this.asked_us = us;
    this.isSeeking = false;
    this.restUntilMs = 0;
    try {
      if (this.isInBuffer(us)) {
        await this.show(us, run.signal);
      } else {
        await this.open(us, run.signal);
      }
    } catch (reason) {
      if (!run.signal.aborted && !isAborted(reason)) {
        this.fail(reason);
      }
    }
  }

  private fail(reason: unknown): void {
    if (reason instanceof FeedClosed) {
      return;
    }
    this.drop();
    this.stand({ kind: 'failed', error: reason instanceof ApiError ? reason : undefined });
  }

  private async open(us: number, signal: AbortSignal): Promise<void> {
    if (!this.store.peekPlace(us) && this.state.kind !== 'edge') {
      this.stand({ kind: 'loading' });
    }
    const place = await this.store.find(us);
    if (signal.aborted) {
      return;
    }
    if (!place) {
      await this.standBefore(us, us, signal);
      return;
    }
    const { segment, index: last } = place;
    if (!isPlayable(segment.mime)) {
      this.stand({ kind: 'unsupported', mime: segment.mime });
      return;
    }
    this.stand({ kind: 'loading' });
    const first = keyChunkBefore(segment, last);
    if (first === undefined) {
      // Stored, but what it builds on is missing: no player could show it.
      const key = segment.chunks.find((chunk) => chunk[4]);
      await this.standBefore(us, Math.max(us + 1, key?.[2] ?? mediaEnd(segment)), signal);
      return;
    }
    await this.bring({ segment, index: first }, this.withPreroll(segment, last, us), signal);
    this.cursorFrom_us = segment.chunks[first]?.[2] ?? us;
    await this.show(us, signal);
  }

  // The last chunk to bring for `us`, which is in chunk `last`.
  private withPreroll(segment: Segment, last: number, us: number): number {
    const chunk = segment.chunks[last];
    const next = segment.chunks[last + 1];
    const isNeeded = chunk && next && chunkEnd(chunk) < us + preroll_us;
    return isNeeded && next[2] < chunkEnd(chunk) + hole_us ? last + 1 : last;
  }

  // Nothing can be shown at `us`: it goes on with the first media at or after `from_us`.
  private async standBefore(us: number, from_us: number, signal: AbortSignal): Promise<void> {
    const next = await this.store.nextStart(from_us);
    if (signal.aborted) {
      return;
    }
    if (from_us === us && this.store.peekPlace(us)) {
      await this.open(us, signal); // it was stored between the two questions
      return;
    }
    this.video.pause();
    this.standAtEnd(us, next);
  }

  private standAtEnd(us: number, next_us: number | undefined): void {
    const isNow = next_us === undefined && us > recorderNowUs() - edge_us;
    this.stand(isNow ? { kind: 'edge' } : { kind: 'gap', next_us });
  }

  private async show(us: number, signal: AbortSignal): Promise<void> {
    const target = this.reachable(this.toElement(us));

    if (target === undefined) {
      const next = this.feed?.ranges.find(([from]) => from > this.toElement(us));
      if (next) {
        this.video.pause();
        this.stand({ kind: 'gap', next_us: this.origin_us + next[0] * 1e6 });
      } else {
        await this.standBefore(us, Math.max(us + 1, this.cursorEnd() ?? 0), signal);
      }
      return;
    }
    if (this.video.readyState === HTMLMediaElement.HAVE_NOTHING) {
      await this.event('loadedmetadata', signal);
    }
    // Even to where the element says it is: the picture on screen may be one ahead of its clock.
    const seeked = this.event('seeked', signal);
    // Or pictures would pass before the one asked for has been seen.
    this.video.pause();
    this.video.currentTime = target;
    this.isSeeking = true;
    void this.pump();
    await seeked;
    if (signal.aborted) {
      return;
    }
    this.isSeeking = false;
    this.asked_us = undefined;
    this.stand({ kind: 'ready' });
    if (this.isWished) {
      void this.video.play().catch(() => undefined);
    }
    void this.pump();
  }

  // A seek to where the buffer has nothing would never end: a picture may be missing at the start.
  private reachable(target: number): number | undefined {
    const ranges = this.feed?.ranges ?? [];
    if (ranges.some(([from, to]) => target >= from && target < to)) {
      return target;
    }
    const next = ranges.find(([from]) => from > target);
    return next && (next[0] - target) * 1e6 < hole_us ? next[0] + nudge_us / 1e6 : undefined;
  }

  // Also ends when `signal` does.
  private event(name: 'loadedmetadata' | 'seeked', signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.video.addEventListener(name, () => resolve(), { once: true });
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  play(rate: number): void {
    this.isWished = true;
    this.video.playbackRate = rate;
    if (this.state.kind === 'ready' && this.asked_us === undefined) {
      void this.video.play().catch(() => undefined);
    }
    void this.pump();
  }

  pause(): void {
    this.isWished = false;
    this.video.pause();
  }

  // Called often while the page plays: keeps the buffer filled and notices the ends of recordings.
  tick(): void {
    if (this.isSeeking) {
      void this.pump();
      return;
    }
    if (this.asked_us !== undefined) {
      this.retryAtEdge(this.asked_us);
      return;
    }
    if (!this.feed) {
      return;
    }
    if (this.isWished) {
      void this.pump();
    }
    if (this.state.kind === 'ready' && this.isWished) {
      this.noticeEnd();
    } else if (this.state.kind === 'edge' && this.ahead_s() > 0.3) {
      this.stand({ kind: 'ready' });
      if (this.isWished) {
        void this.video.play().catch(() => undefined);
      }
    }
  }

  // A moment that is not stored yet may be soon.
  private retryAtEdge(us: number): void {
    if (this.state.kind === 'edge' && performance.now() - this.triedMs > retryEdgeMs) {
      this.triedMs = performance.now();
      void this.seek(us);
    }
  }

  private ahead_s(): number {
    const at = this.video.currentTime;
    return (this.feed?.ranges ?? []).reduce(
      (sum, [from, to]) => sum + Math.max(0, to - Math.max(from, at)),
      0,
    );
  }

  private noticeEnd(): void {
    const at = this.video.currentTime;
    const ranges = this.feed?.ranges ?? [];
    const here = ranges.find(([from, to]) => at >= from - 0.01 && at < to - 0.05);

    if (here) {
      return;
    }
    const next = ranges.find(([from]) => from > at - 0.05 && from > 0);
    if (next && (next[0] - at) * 1e6 < hole_us) {
      this.video.currentTime = next[0] + nudge_us / 1e6;
    } else if (next) {
      this.video.pause();
      this.stand({ kind: 'gap', next_us: this.origin_us + next[0] * 1e6 });
    } else if (!this.isPumping) {
      this.standAtEnd(this.wallUs, undefined);
    }
  }

  private init(id: string): Promise<Init> {
    const known = this.inits.get(id);
    if (known) {
      return known;
    }
    const asked = api.initSegment(id).then((bytes) => ({ bytes, track: readVideoTrack(bytes) }));
    asked.catch(() => this.inits.delete(id));
    this.inits.set(id, asked);
    const oldest = this.inits.keys().next().value;
    if (this.inits.size > 16 && oldest !== undefined) {
      this.inits.delete(oldest);
    }
    return asked;
  }

  private async prepare(mime: string, near_us: number): Promise<MediaFeed> {
    const tracks = (text: string): number => text.split(',').length;

    if (this.feed && (tracks(this.feed.mime) !== tracks(mime) || near_us < this.origin_us)) {
      this.drop();
    }
    if (!this.feed) {
      this.origin_us = near_us - (near_us % second) - originBefore_us;
      this.feed = new MediaFeed(this.video, mime);
      this.lastInit = '';
    } else if (this.feed.mime !== mime) {
      await this.feed.changeType(mime);
      this.lastInit = '';
    }
    return this.feed;
  }

  // Put the chunks from `place` to index `last` into the buffer.
  private async bring(place: Place, last: number, signal: AbortSignal): Promise<void> {
    const { segment, index } = place;
    const first = segment.chunks[index];
    const end = segment.chunks[last];
    if (!first || !end) {
      return;
    }
    const [init, bytes] = await Promise.all([
      this.init(segment.id),
      api.media(segment.id, first[0], end[0] + end[1], signal),
    ]);
    signal.throwIfAborted();
    const rate = this.video.playbackRate;
    const feed = await this.prepare(segment.mime, segment.start_us);
    this.video.playbackRate = rate;
    const offset_s = this.toElement(segment.start_us);
    if (this.lastInit !== segment.id) {
      await feed.append(init.bytes, offset_s);
      this.lastInit = segment.id;
    }
    signal.throwIfAborted();
    try {
      await feed.append(bytes, offset_s);
    } catch (reason) {
      if (!(reason instanceof DOMException && reason.name === 'QuotaExceededError')) {
        throw reason;
      }
      const at = this.video.currentTime;
      await feed.keepOnly(at - 2, at + 10);
      await feed.append(bytes, offset_s);
    }
    this.cursor = { segment, index: last };
    if (init.track) {
      this.notePictures(readPictureTimes(bytes, init.track), segment.start_us);
    }
  }

  private notePictures(times: number[], start_us: number): void {
    const from = this.wallUs - 2 * keepBehind_s * second;
    const to = this.wallUs + 2 * keepAhead_s * second;
    const all = new Set(this.pictures.filter((us) => us > from && us < to));
    for (const time of times) {
      all.add(start_us + time);
    }
    this.pictures = [...all].sort((a, b) => a - b);
  }

  // Fetch ahead of what is on screen, as far as is reasonable at this speed.
  private async pump(): Promise<void> {
    const isResting = performance.now() < this.restUntilMs;
    const isPlaced = this.asked_us === undefined || this.isSeeking;
    if (this.isPumping || isResting || !this.cursor || !isPlaced) {
      return;
    }
    const signal = this.run.signal;
    this.isPumping = true;
    try {
      while (!signal.aborted && this.cursor && this.ahead_s() < this.wished_s()) {
        const next = await this.store.following(this.cursor);
        if (signal.aborted) {
          break;
        }
        if (next === 'edge' || !isPlayable(next.segment.mime)) {
          this.restUntilMs = performance.now() + restMs;
          break;
        }
        const before = this.cursorEnd() ?? 0;
        const start = next.segment.chunks[next.index]?.[2] ?? 0;
        await this.bring(next, this.runEnd(next), signal);
        if (start > before + hole_us) {
          this.cursorFrom_us = start;
        }
      }
      const at = this.video.currentTime;
      await this.feed?.keepOnly(at - keepBehind_s, at + keepAhead_s + this.video.playbackRate * 10);
      this.cursorFrom_us = Math.max(this.cursorFrom_us, this.origin_us + (at - keepBehind_s) * 1e6);
    } catch (reason) {
      if (!signal.aborted && !isAborted(reason)) {
        this.fail(reason);
      }
    } finally {
      this.isPumping = false;
    }
  }

  private wished_s(): number {
    return this.isWished ? Math.min(60, 6 + 4 * this.video.playbackRate) : 3;
  }

  private runEnd(place: Place): number {
    const { segment, index } = place;
    let bytes = segment.chunks[index]?.[1] ?? 0;
    let last = index;

    while (last - index + 1 < runMostChunks) {
      const chunk = segment.chunks[last];
      const next = segment.chunks[last + 1];
      bytes += next?.[1] ?? 0;
      if (!chunk || !next || bytes > runMostBytes || next[2] > chunkEnd(chunk) + hole_us) {
        break;
      }
      last++;
    }
    return last;
  }

  // Where to go for the next picture (by 1) or the one before (by -1).
  stepFrom(us: number, by: 1 | -1): number | undefined {
    const all = this.pictures;
    const end = this.cursorEnd();
    let now = -1;
    while ((all[now + 1] ?? Infinity) <= us) {
      now++;
    }
    const at = now < 0 ? undefined : all[now + by];
    const after = all[now + by + 1];
    if (at !== undefined && this.isInBuffer(at)) {
      return at + Math.min(nudge_us, after === undefined ? nudge_us : (after - at) / 2);
    }
    // The last or first picture in hand: its neighbour begins, or ends, where the buffer does.
    return by > 0 ? end && end + nudge_us : this.cursorFrom_us - nudge_us;
  }
}
