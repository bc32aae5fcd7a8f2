// Keeps the players of several cameras at one moment, and carries them over gaps together.
import { batch, signal } from '@preact/signals';
import { second } from '../model/moments';
import type { Playback } from './playback';

export const speeds = [0.5, 1, 2, 4, 8, 16] as const;
export type Speed = (typeof speeds)[number];

const tickMs = 100;
const driftMost_us = 0.2 * second;
const stepBack_us = 40_000; // about one picture, where the exact one is not known

export class Conductor {
  readonly wallUs = signal<number | undefined>(undefined);
  readonly isPlaying = signal(false);
  readonly speed = signal<Speed>(1);
  readonly isAtEdge = signal(false);
  // The last gap that playing went over by itself.
  readonly skipped = signal<{ from_us: number; to_us: number } | undefined>(undefined);

  private readonly players = new Set<Playback>();
  private readonly timer = window.setInterval(() => this.tick(), tickMs);

  stop(): void {
    window.clearInterval(this.timer);
  }

  join(player: Playback): () => void {
    this.players.add(player);
    if (this.wallUs.value !== undefined) {
      void player.seek(this.wallUs.value);
      this.apply(player);
    }
    return () => this.players.delete(player);
  }

  private apply(player: Playback): void {
    if (this.isPlaying.value) {
      player.play(this.speed.value);
    } else {
      player.pause();
    }
  }

  seek(us: number): void {
    batch(() => {
      this.wallUs.value = us;
      this.skipped.value = undefined;
      this.isAtEdge.value = false;
    });
    for (const player of this.players) {
      void player.seek(us);
    }
  }

  play(): void {
    this.isPlaying.value = true;
    for (const player of this.players) {
      this.apply(player);
    }
  }

  // All cameras are brought to exactly the moment at which it stopped: a video element's own clock
  // runs on for some milliseconds after its pause.
  pause(): void {
    const leader = this.isPlaying.value ? this.leader() : undefined;

    this.isPlaying.value = false;
    for (const player of this.players) {
      this.apply(player);
    }
    if (leader) {
      const wall = leader.wallUs;
      this.wallUs.value = wall;
      for (const player of this.players) {
        if (player.standing.kind === 'ready') {
          void player.seek(wall);
        }
      }
    }
  }

  toggle(): void {
    if (this.isPlaying.value) {
      this.pause();
    } else {
      this.play();
    }
  }

  setSpeed(speed: Speed): void {
    this.speed.value = speed;
    for (const player of this.players) {
      this.apply(player);
    }
  }

  faster(by: 1 | -1): void {
    const next = speeds[speeds.indexOf(this.speed.value) + by];
    if (next !== undefined) {
      this.setSpeed(next);
    }
  }

  // One picture forward or back, by the first camera that shows something.
  step(by: 1 | -1): void {
    const wall = this.wallUs.value;
    if (wall === undefined) {
      return;
    }
    this.pause();
    const leader = this.leader();
    this.seek(leader?.stepFrom(leader.wallUs, by) ?? wall + by * stepBack_us);
  }

  private leader(): Playback | undefined {
    for (const player of this.players) {
      if (player.standing.kind === 'ready') {
        return player;
      }
    }
    return undefined;
  }

  private tick(): void {
    for (const player of this.players) {
      player.tick();
    }
    const leader = this.leader();
    if (leader) {
      this.isAtEdge.value = false;
      if (this.isPlaying.value) {
        this.wallUs.value = leader.wallUs;
        this.follow(leader);
      }
    } else if (this.isPlaying.value) {
      this.crossGap();
    }
  }

  private follow(leader: Playback): void {
    const wall = leader.wallUs;

    for (const player of this.players) {
      const standing = player.standing;
      const isDue =
        standing.kind === 'gap' && standing.next_us !== undefined && wall >= standing.next_us;
      const isOff =
        standing.kind === 'ready' &&
        Math.abs(player.wallUs - wall) > driftMost_us * Math.max(1, this.speed.value);
      if (player !== leader && (isDue || isOff)) {
        void player.seek(wall);
      }
    }
  }

  // No camera has a picture now: go on where the first of them has one again.
  private crossGap(): void {
    const all = [...this.players].map((player) => player.standing);
    if (all.length === 0 || all.some((standing) => standing.kind === 'loading')) {
      return;
    }
    const from_us = this.wallUs.value ?? 0;
    const starts = all.flatMap((s) =>
      s.kind === 'gap' && s.next_us !== undefined && s.next_us > from_us ? [s.next_us] : [],
    );
    if (starts.length > 0) {
      const to_us = Math.min(...starts);
      this.seek(to_us + 1000);
      this.skipped.value = { from_us, to_us };
      return;
    }
    if (all.some((standing) => standing.kind === 'edge')) {
      this.isAtEdge.value = true;
      if (this.speed.value > 1) {
        this.setSpeed(1);
      }
    }
  }
}
