// Live pictures of one camera: fragments from a WebSocket into a video element.
import { api, type CameraState, type LiveMessage } from '../api';
import { FeedClosed, isPlayable, MediaFeed } from './media_feed';

export type LiveState =
  | { kind: 'connecting' }
  | { kind: 'playing' }
  | { kind: 'waiting'; state: CameraState; error: string }
  | { kind: 'unsupported'; mime: string }
  | { kind: 'lost' };

const aheadWished_s = 0.25; // pictures in hand against the unevenness of arrival
const aheadMost_s = 1.5; // beyond this the older pictures are dropped
const keepBehind_s = 4;
const retryFirstMs = 500;
const retryMostMs = 10_000;
const pendingMostBytes = 16 * 1024 * 1024;

function join(parts: ArrayBuffer[]): ArrayBuffer {
  const only = parts[0];
  if (parts.length === 1 && only) {
    return only;
  }
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}

export class LiveFeed {
  private socket: WebSocket | undefined;
  private feed: MediaFeed | undefined;
  private pending: ArrayBuffer[] = [];
  private pendingBytes = 0;
  private isAppending = false;
  private isStopped = false;
  private retryMs = retryFirstMs;
  private retryTimer = 0;
  private label: { unix_us: number; media_us: number } | undefined;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly camera: string,
    private readonly onState: (state: LiveState) => void,
    private readonly onSkipped: (frames: number) => void = () => undefined,
  ) {
    this.connect();
  }

  // When the picture on screen was taken, by the recorder's clock.
  get wallUs(): number | undefined {
    return this.label && this.label.unix_us - this.label.media_us + this.video.currentTime * 1e6;
  }

  stop(): void {
    this.isStopped = true;
    window.clearTimeout(this.retryTimer);
    this.closeSocket();
    this.closeFeed();
  }

  private connect(): void {
    const socket = new WebSocket(api.livePath(this.camera), 'komainu-live');

    this.onState({ kind: 'connecting' });
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', (event: MessageEvent<string | ArrayBuffer>) => {
      if (typeof event.data === 'string') {
        this.onMessage(JSON.parse(event.data) as LiveMessage);
      } else {
        this.onBytes(event.data);
      }
    });
    socket.addEventListener('close', () => {
      if (this.socket === socket) {
        this.reconnect();
      }
    });
  }

  private reconnect(): void {
    this.closeSocket();
    this.closeFeed();
    if (this.isStopped) {
      return;
    }
    this.onState({ kind: 'lost' });
    this.retryTimer = window.setTimeout(() => this.connect(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, retryMostMs);
  }

  private closeSocket(): void {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }

  private closeFeed(): void {
    this.feed?.close();
    this.feed = undefined;
    this.pending = [];
    this.pendingBytes = 0;
    this.label = undefined;
  }

  private onMessage(message: LiveMessage): void {
    switch (message.kind) {
      case 'init':
        this.closeFeed();
        if (isPlayable(message.mime)) {
          this.feed = new MediaFeed(this.video, message.mime);
        } else {
          this.onState({ kind: 'unsupported', mime: message.mime });
          // The bytes would be of no use: spare the line.
          this.closeSocket();
        }
        break;
      case 'label':
        this.label = { unix_us: message.unix_us, media_us: message.media_us };
        break;
      case 'skipped':
        this.onSkipped(message.frames);
        break;
      case 'waiting':
        this.closeFeed();
        this.onState({ kind: 'waiting', state: message.state, error: message.error });
        break;
    }
  }

  private onBytes(bytes: ArrayBuffer): void {
    if (!this.feed) {
      return;
    }
    this.pending.push(bytes);
    this.pendingBytes += bytes.byteLength;
    if (this.pendingBytes > pendingMostBytes) {
      this.reconnect();
      return;
    }
    void this.appendPending();
  }

  private async appendPending(): Promise<void> {
    if (this.isAppending) {
      return;
    }
    this.isAppending = true;
    const feed = this.feed;
    try {
      while (feed && feed === this.feed && this.pending.length > 0) {
        const bytes = join(this.pending);
        this.pending = [];
        this.pendingBytes = 0;
        await feed.append(bytes, 0);
        await this.keepPace(feed);
      }
    } catch (reason) {
      if (!(reason instanceof FeedClosed) && feed === this.feed) {
        this.reconnect();
      }
    } finally {
      this.isAppending = false;
    }
    if (this.feed !== feed && this.pending.length > 0) {
      void this.appendPending();
    }
  }

  private begun(feed: MediaFeed): void {
    if (feed === this.feed) {
      this.retryMs = retryFirstMs;
      this.onState({ kind: 'playing' });
    }
  }

  // Stay near the newest picture: jump when far behind, hurry a little when somewhat behind.
  private async keepPace(feed: MediaFeed): Promise<void> {
    const video = this.video;
    const newest = feed.ranges.at(-1);
    if (!newest) {
      return;
    }
    const [from, to] = newest;
    const ahead = to - video.currentTime;

    if (ahead > aheadMost_s || video.currentTime < from) {
      video.currentTime = Math.max(from, to - aheadWished_s);
    }
    video.playbackRate = ahead > 2 * aheadWished_s ? 1.08 : 1;
    if (video.paused) {
      // Not waited for: it ends only when there are more pictures, which are appended after this.
      void video.play().then(
        () => this.begun(feed),
        () => undefined,
      );
    }
    const oldest = feed.ranges[0]?.[0] ?? 0;
    if (video.currentTime - oldest > 3 * keepBehind_s) {
      await feed.remove(0, video.currentTime - keepBehind_s);
    }
  }
}
