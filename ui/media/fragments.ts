// Reads the times of the pictures out of fragmented MP4 [ISO/IEC 14496-12 8.8], so that a step
// is exactly one picture, whatever the camera's rate does.

interface Box {
  type: string;
  from: number;
  to: number;
}

export interface VideoTrack {
  id: number;
  timescale: number;
}

function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  let at = from;

  while (at + 8 <= to) {
    const type = String.fromCharCode(
      view.getUint8(at + 4),
      view.getUint8(at + 5),
      view.getUint8(at + 6),
      view.getUint8(at + 7),
    );
    let size = view.getUint32(at);
    let header = 8;
    if (size === 1 && at + 16 <= to) {
      size = Number(view.getBigUint64(at + 8));
      header = 16;
    } else if (size === 0) {
      size = to - at;
    }
    if (size < header || at + size > to) {
      return;
    }
    yield { type, from: at + header, to: at + size };
    at += size;
  }
}

function find(view: DataView, parent: Box, type: string): Box | undefined {
  for (const box of boxes(view, parent.from, parent.to)) {
    if (box.type === type) {
      return box;
    }
  }
  return undefined;
}

function inside(view: DataView, parent: Box, ...path: string[]): Box | undefined {
  let box: Box | undefined = parent;
  for (const type of path) {
    box = box && find(view, box, type);
  }
  return box;
}

const whole = (view: DataView): Box => ({ type: '', from: 0, to: view.byteLength });

// The first video track of an init segment.
export function readVideoTrack(init: ArrayBuffer): VideoTrack | undefined {
  const view = new DataView(init);
  const moov = find(view, whole(view), 'moov');

  for (const trak of moov ? boxes(view, moov.from, moov.to) : []) {
    const handler = trak.type === 'trak' ? inside(view, trak, 'mdia', 'hdlr') : undefined;
    const header = trak.type === 'trak' ? find(view, trak, 'tkhd') : undefined;
    const media = trak.type === 'trak' ? inside(view, trak, 'mdia', 'mdhd') : undefined;
    if (!handler || !header || !media || view.getUint32(handler.from + 8) !== 0x76696465) {
      continue;
    }
    const idAt = header.from + (view.getUint8(header.from) === 1 ? 20 : 12);
    const scaleAt = media.from + (view.getUint8(media.from) === 1 ? 20 : 12);
    return { id: view.getUint32(idAt), timescale: view.getUint32(scaleAt) };
  }
  return undefined;
}

interface Defaults {
  track: number;
  duration: number;
}

// [ISO/IEC 14496-12 8.8.7]
function readHeader(view: DataView, box: Box): Defaults {
  const flags = view.getUint32(box.from) & 0xffffff;
  let at = box.from + 8;

  at += flags & 0x01 ? 8 : 0;
  at += flags & 0x02 ? 4 : 0;
  return { track: view.getUint32(box.from + 4), duration: flags & 0x08 ? view.getUint32(at) : 0 };
}

function readDecodeTime(view: DataView, box: Box): number {
  return view.getUint8(box.from) === 1
    ? Number(view.getBigUint64(box.from + 4))
    : view.getUint32(box.from + 4);
}

// [ISO/IEC 14496-12 8.8.8]; returns the decode time after the run.
function readRun(view: DataView, box: Box, start: number, duration: number, out: number[]): number {
  const isSigned = view.getUint8(box.from) !== 0;
  const flags = view.getUint32(box.from) & 0xffffff;
  const count = view.getUint32(box.from + 4);
  let at = box.from + 8 + (flags & 0x001 ? 4 : 0) + (flags & 0x004 ? 4 : 0);
  let time = start;

  for (let i = 0; i < count && at <= box.to; i++) {
    let length = duration;
    let shift = 0;
    if (flags & 0x100) {
      length = view.getUint32(at);
      at += 4;
    }
    at += flags & 0x200 ? 4 : 0;
    at += flags & 0x400 ? 4 : 0;
    if (flags & 0x800) {
      shift = isSigned ? view.getInt32(at) : view.getUint32(at);
      at += 4;
    }
    out.push(time + shift);
    time += length;
  }
  return time;
}

// Presentation times in microseconds from the segment's start, in rising order.
export function readPictureTimes(media: ArrayBuffer, track: VideoTrack): number[] {
  const view = new DataView(media);
  const ticks: number[] = [];

  for (const moof of boxes(view, 0, view.byteLength)) {
    for (const traf of moof.type === 'moof' ? boxes(view, moof.from, moof.to) : []) {
      const header = traf.type === 'traf' ? find(view, traf, 'tfhd') : undefined;
      const decode = traf.type === 'traf' ? find(view, traf, 'tfdt') : undefined;
      if (!header || !decode) {
        continue;
      }
      const defaults = readHeader(view, header);
      if (defaults.track !== track.id) {
        continue;
      }
      let time = readDecodeTime(view, decode);
      for (const run of boxes(view, traf.from, traf.to)) {
        if (run.type === 'trun') {
          time = readRun(view, run, time, defaults.duration, ticks);
        }
      }
    }
  }
  return ticks.map((tick) => Math.round((tick * 1e6) / track.timescale)).sort((a, b) => a - b);
}
