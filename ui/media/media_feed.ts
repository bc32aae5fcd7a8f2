// One MediaSource with one SourceBuffer behind a video element; its operations in order.

// iPhones have MSE only under this name, and only for elements that are not sent to a television.
type SourceClass = { new (): MediaSource; isTypeSupported(type: string): boolean };
const scope = globalThis as { MediaSource?: SourceClass; ManagedMediaSource?: SourceClass };
const Source = scope.MediaSource ?? scope.ManagedMediaSource;

export function isPlayable(mime: string): boolean {
  return Source !== undefined && Source.isTypeSupported(mime);
}

export class FeedClosed extends Error {}

export class MediaFeed {
  private readonly source: MediaSource;
  private readonly address: string;
  private buffer: SourceBuffer | undefined;
  private last: Promise<void>;
  private isClosed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    public mime: string,
  ) {
    if (!Source) {
      throw new FeedClosed('no MediaSource');
    }
    this.source = new Source();
    this.address = URL.createObjectURL(this.source);
    video.disableRemotePlayback = true;
    video.src = this.address;
    this.last = this.opened();
    this.last.catch(() => undefined);
  }

  private async opened(): Promise<void> {
    if (this.source.readyState !== 'open') {
      await new Promise<void>((resolve) => {
        this.source.addEventListener('sourceopen', () => resolve(), { once: true });
      });
    }
    URL.revokeObjectURL(this.address);
    this.buffer = this.source.addSourceBuffer(this.mime);
    this.buffer.mode = 'segments';
  }

  // The video element's buffered ranges, [from, to] in its seconds.
  get ranges(): [number, number][] {
    const buffered = this.video.buffered;
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  }

  private queue(work: (buffer: SourceBuffer) => void): Promise<void> {
    const next = this.last.then(async () => {
      const buffer = this.buffer;
      if (this.isClosed || !buffer || this.source.readyState === 'closed') {
        throw new FeedClosed('closed');
      }
      work(buffer);
      if (buffer.updating) {
        await new Promise<void>((resolve, reject) => {
          const onEnd = (): void => {
            buffer.removeEventListener('error', onError);
            resolve();
          };
          const onError = (): void => {
            buffer.removeEventListener('updateend', onEnd);
            reject(new Error('the browser cannot read this media'));
          };
          buffer.addEventListener('updateend', onEnd, { once: true });
          buffer.addEventListener('error', onError, { once: true });
        });
      }
    });
    this.last = next.catch(() => undefined);
    return next;
  }

  // Times inside `bytes` count from `offset_s` of the element's time line.
  append(bytes: BufferSource, offset_s: number): Promise<void> {
    return this.queue((buffer) => {
      if (buffer.timestampOffset !== offset_s) {
        buffer.timestampOffset = offset_s;
      }
      buffer.appendBuffer(bytes);
    });
  }

  remove(from_s: number, to_s: number): Promise<void> {
    return this.queue((buffer) => {
      if (to_s > from_s) {
        buffer.remove(from_s, to_s);
      }
    });
  }

  // Forget all outside [from_s, to_s].
  async keepOnly(from_s: number, to_s: number): Promise<void> {
    for (const [from, to] of this.ranges) {
      if (from < from_s) {
        await this.remove(from, Math.min(to, from_s));
      }
      if (to > to_s) {
        await this.remove(Math.max(from, to_s), to);
      }
    }
  }

  changeType(mime: string): Promise<void> {
    return this.queue((buffer) => {
      buffer.changeType(mime);
      this.mime = mime;
    });
  }

  close(): void {
    if (!this.isClosed) {
      this.isClosed = true;
      URL.revokeObjectURL(this.address);
      this.video.removeAttribute('src');
      this.video.load();
    }
  }
}
