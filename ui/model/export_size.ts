// How large an export will be, about.
import type { Camera, Range } from '../api';
import { minute, second } from './moments';
import { chunkEnd, mediaEnd, type SegmentStore } from './segment_store';

const exactMost_us = 60 * minute;

// undefined: nothing is recorded in the range, as far as can be told.
export async function exportSize(
  camera: Camera,
  store: SegmentStore,
  range: Range,
): Promise<number | undefined> {
  if (range[1] - range[0] > exactMost_us) {
    return roughSize(camera, range);
  }
  let bytes = 0;
  let us: number | undefined = range[0];
  while (us !== undefined && us < range[1]) {
    const segment = (await store.find(us))?.segment;
    if (!segment) {
      us = await store.nextStart(us + 1);
      continue;
    }
    for (const chunk of segment.chunks) {
      if (chunkEnd(chunk) > range[0] && chunk[2] < range[1]) {
        bytes += chunk[1];
      }
    }
    us = Math.max(mediaEnd(segment), us + second / 1000);
  }
  return bytes || undefined;
}

function roughSize(camera: Camera, range: Range): number | undefined {
  if (camera.oldest_us === null || camera.last_us === null || camera.last_us <= camera.oldest_us) {
    return undefined;
  }
  const from = Math.max(range[0], camera.oldest_us);
  const to = Math.min(range[1], camera.last_us);
  return to > from
    ? (camera.kept_bytes * (to - from)) / (camera.last_us - camera.oldest_us)
    : undefined;
}
