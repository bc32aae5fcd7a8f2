// Takes one clip out as a file, with its progress.
import { api } from '../api';

export interface ExportProgress {
  done_bytes: number;
  // undefined: the recorder does not say how much it will be
  all_bytes: number | undefined;
  bytes_a_second: number;
}

export type ExportResult = 'saved' | 'handed over' | 'incomplete';

// Above this the file is not gathered by the page: the browser saves it by itself.
const gatheredMost_bytes = 1024 * 1024 * 1024;

function offer(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

export async function exportClip(
  camera: string,
  from_us: number,
  to_us: number,
  fileName: string,
  signal: AbortSignal,
  onProgress: (progress: ExportProgress) => void,
): Promise<ExportResult> {
  const answer = await api.exportStream(camera, from_us, to_us, signal);
  const length = Number(answer.headers.get('Content-Length') ?? NaN);
  const all_bytes = Number.isFinite(length) ? length : undefined;
  const reader = answer.body?.getReader();
  const began = performance.now();
  const parts: BlobPart[] = [];
  let done_bytes = 0;

  if (!reader || (all_bytes ?? 0) > gatheredMost_bytes) {
    await reader?.cancel();
    offer(api.exportPath(camera, from_us, to_us), fileName);
    return 'handed over';
  }
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    parts.push(value);
    done_bytes += value.byteLength;
    const seconds = Math.max(0.05, (performance.now() - began) / 1000);
    onProgress({ done_bytes, all_bytes, bytes_a_second: done_bytes / seconds });
  }
  if (all_bytes !== undefined && done_bytes !== all_bytes) {
    return 'incomplete';
  }
  const address = URL.createObjectURL(new Blob(parts, { type: 'video/mp4' }));
  offer(address, fileName);
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return 'saved';
}
