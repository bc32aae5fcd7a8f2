// Fragmented MP4 with burnt-in stamps, one moof+mdat a picture, made by ffmpeg from pictures that
// this file draws. For the mock server only.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { blocksOf, columns, numberRow, rows, wallRow } from './stamp.mjs';

export const width = 640;
export const height = 360;
export const rate = 25;
export const frame_us = 1_000_000 / rate;
export const gop = 50;
export const timescale = 90_000;

const lumaBytes = width * height;
const frameBytes = (lumaBytes * 3) / 2;

function background() {
  const frame = Buffer.alloc(frameBytes, 128);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isFloor = y > height * 0.62;
      const wave = Math.sin(x / 37) * 6 + Math.sin(y / 23) * 5;
      frame[y * width + x] = (isFloor ? 92 : 132) + wave - Math.abs(x - width / 2) / 9;
    }
  }
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width / 2; x++) {
      const at = y * (width / 2) + x;
      frame[lumaBytes + at] = y > height * 0.31 ? 118 : 140;
      frame[lumaBytes + lumaBytes / 4 + at] = y > height * 0.31 ? 138 : 120;
    }
  }
  return frame;
}

const scene = background();

function fill(frame, x0, y0, x1, y1, luma, isGrey) {
  for (let y = y0; y < y1; y++) {
    frame.fill(luma, y * width + x0, y * width + x1);
    if (isGrey && y % 2 === 0) {
      for (const plane of [lumaBytes, lumaBytes + lumaBytes / 4]) {
        const at = plane + (y / 2) * (width / 2);
        frame.fill(128, at + (x0 >> 1), at + ((x1 + 1) >> 1));
      }
    }
  }
}

function draw(number, wall_ms) {
  const frame = Buffer.from(scene);
  const cell = (column, row) => [
    Math.floor((width * column) / columns),
    Math.floor((height * row) / rows),
    Math.floor((width * (column + 1)) / columns),
    Math.floor((height * (row + 1)) / rows),
  ];
  for (const [row, value] of [
    [numberRow, number >>> 0],
    [wallRow, Number(BigInt.asUintN(32, BigInt(Math.floor(wall_ms))))],
  ]) {
    blocksOf(value).forEach((isWhite, column) => {
      if (isWhite !== undefined) {
        fill(frame, ...cell(column, row), isWhite ? 235 : 16, true);
      }
    });
  }
  const x = Math.floor((Math.sin(wall_ms / 2500) * 0.4 + 0.5) * (width - 60));
  fill(frame, x, 190, x + 46, 310, 50, false);
  fill(frame, x + 12, 160, x + 34, 190, 190, false);
  return frame;
}

// Calls onInit(bytes) once and onFrame(bytes, number) for each picture.
export class Encoder {
  constructor(onInit, onFrame) {
    this.number = 0;
    this.seen = 0;
    this.left = Buffer.alloc(0);
    this.init = [];
    this.moof = undefined;
    this.onInit = onInit;
    this.onFrame = onFrame;
    const options =
      `-v error -nostdin -f rawvideo -pix_fmt yuv420p -s ${width}x${height} -r ${rate} -i pipe:0 ` +
      `-c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -g ${gop} -sc_threshold 0 -bf 0 ` +
      `-video_track_timescale ${timescale} -f mp4 ` +
      '-movflags frag_every_frame+empty_moov+default_base_moof -flush_packets 1 pipe:1';
    this.child = spawn('ffmpeg', options.split(' '), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (bytes) => this.take(bytes));
  }

  async write(wall_ms) {
    if (!this.child.stdin.write(draw(this.number++, wall_ms))) {
      await once(this.child.stdin, 'drain');
    }
  }

  async finish() {
    const ended = once(this.child, 'close');
    this.child.stdin.end();
    await ended;
  }

  stop() {
    // It would wait for its input before it heeds a gentler signal.
    this.child.stdin.destroy();
    this.child.kill('SIGKILL');
  }

  take(bytes) {
    this.left = Buffer.concat([this.left, bytes]);
    while (this.left.length >= 8) {
      const size = this.left.readUInt32BE(0);
      if (this.left.length < size) {
        return;
      }
      const type = this.left.toString('latin1', 4, 8);
      this.box(type, Buffer.from(this.left.subarray(0, size)));
      this.left = this.left.subarray(size);
    }
  }

  box(type, bytes) {
    if (type === 'ftyp') {
      this.init.push(bytes);
    } else if (type === 'moov') {
      this.init.push(bytes);
      this.onInit(Buffer.concat(this.init));
    } else if (type === 'moof') {
      this.moof = bytes;
    } else if (type === 'mdat' && this.moof) {
      this.onFrame(Buffer.concat([this.moof, bytes]), this.seen++);
      this.moof = undefined;
    }
  }
}

// The same fragment at another decode time.
export function retimed(fragment, ticks) {
  const copy = Buffer.from(fragment);
  const at = copy.indexOf('tfdt', 0, 'latin1');
  if (copy.readUInt8(at + 4) === 1) {
    copy.writeBigUInt64BE(BigInt(ticks), at + 8);
  } else {
    copy.writeUInt32BE(ticks, at + 8);
  }
  return copy;
}
