import type { ComponentChildren } from 'preact';
import type { Camera, Track } from '../api';
import { texts } from '../language';
import { bytesText, countText, lengthText } from '../model/amounts';
import { cameraWord } from '../model/judge';
import { second } from '../model/moments';
import { href } from '../route';
import { recorderNowUs } from '../session';
import { Facts } from './Facts';
import { Moment } from './Moment';
import { StateWord } from './StateWord';

export function trackText(track: Track): string {
  const t = texts.value.cameras;
  if (track.kind === 'video') {
    const size = track.width && track.height ? ` ${track.width}×${track.height}` : '';
    const rate = track.fps ? `, ${t.fps(String(Math.round(track.fps * 10) / 10))}` : '';
    return `${track.codec}${size}${rate}`;
  }
  const rate = track.clock_hz ? ` ${track.clock_hz / 1000} kHz` : '';
  return `${track.codec}${rate}${track.channels ? `, ${t.channels(track.channels)}` : ''}`;
}

function clockText(offset_us: number | null): string {
  const t = texts.value.cameras;
  if (offset_us === null) {
    return t.clockNone;
  }
  if (Math.abs(offset_us) < second / 2) {
    return t.clockSame;
  }
  return (offset_us > 0 ? t.clockAhead : t.clockBehind)(lengthText(Math.abs(offset_us)));
}

const moment = (us: number | null): ComponentChildren =>
  us === null ? texts.value.none : <Moment us={us} />;

// All that is known of one camera.
export function CameraDetails({ camera }: { camera: Camera }) {
  const t = texts.value.cameras;
  const now_us = recorderNowUs();
  const tracks = camera.tracks.map<[string, ComponentChildren]>((track) => [
    track.kind === 'video' ? t.video : t.audio,
    <span title={track.codec_text}>{trackText(track)}</span>,
  ]);
  return (
    <div class="columns">
      <section class="card">
        <h2>{t.connection}</h2>
        <p>
          <StateWord {...cameraWord(camera, now_us)} />{' '}
          {t.since(lengthText(now_us - camera.since_us))}
        </p>
        {camera.error && (
          <>
            <p class="hint">{t.lastError}</p>
            <p class="recorder-words">
              <code lang="en">{camera.error}</code>
            </p>
          </>
        )}
        <Facts
          rows={[
            [t.address, <code>{camera.url}</code>],
            [t.transport, camera.active_transport || texts.value.none],
            [t.authentication, camera.authentication || texts.value.none],
            [t.clockOffset, clockText(camera.clock_offset_us)],
          ]}
        />
      </section>
      <section class="card">
        <h2>{t.keeping}</h2>
        <Facts
          rows={[
            [t.kept, bytesText(camera.kept_bytes)],
            [t.oldest, moment(camera.oldest_us)],
            [t.newest, moment(camera.last_us)],
            [t.retention, camera.retain_us ? lengthText(camera.retain_us) : t.retentionForever],
            [
              t.retentionBytes,
              camera.retain_bytes ? bytesText(camera.retain_bytes) : t.retentionNoBytes,
            ],
          ]}
        />
        <div class="buttons">
          <a class="button" href={href('live', [camera.id])}>
            {t.live}
          </a>
          <a class="button" href={href('recordings', [camera.id])}>
            {t.recordings}
          </a>
        </div>
      </section>
      <section class="card">
        <h2>{t.pictures}</h2>
        {tracks.length > 0 ? <Facts rows={tracks} /> : <p class="hint">{t.noTracks}</p>}
      </section>
      <section class="card">
        <h2>{t.counters}</h2>
        <Facts
          rows={[
            [t.framesReceived, countText(camera.frames_received)],
            [t.framesStored, countText(camera.frames_stored)],
            [t.bytesReceived, bytesText(camera.bytes_received)],
            [t.bytesStored, bytesText(camera.bytes_stored)],
            [t.gaps, countText(camera.gaps)],
            [t.lost, countText(camera.lost)],
            [t.damaged, countText(camera.damaged)],
            [t.reconnects, countText(camera.reconnects)],
          ]}
        />
      </section>
    </div>
  );
}
