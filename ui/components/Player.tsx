import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, type Camera } from '../api';
import { texts } from '../language';
import type { Conductor } from '../media/conductor';
import { Playback, type Standing } from '../media/playback';
import { hour } from '../model/moments';
import type { SegmentStore } from '../model/segment_store';
import { RecorderWords } from './Notice';
import { Unsupported } from './Unsupported';

interface PlayerProps {
  camera: Camera;
  conductor: Conductor;
  store: SegmentStore;
  hasSound: boolean;
}

// Recorded pictures of one camera, at the moment that the conductor says.
export function Player({ camera, conductor, store, hasSound }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const standing = useSignal<Standing>({ kind: 'empty' });

  useEffect(() => {
    const element = video.current;
    if (!element) {
      return undefined;
    }
    const playback = new Playback(element, store, (next) => {
      standing.value = next;
    });
    const leave = conductor.join(playback);
    return () => {
      leave();
      playback.stop();
    };
  }, [camera.id, conductor, store]);

  const hasPicture = standing.value.kind === 'ready' || standing.value.kind === 'loading';
  return (
    <figure class="player">
      <div class="picture">
        <video
          ref={video}
          muted={!hasSound}
          playsInline
          preload="auto"
          aria-label={camera.name}
          data-camera={camera.id}
          data-standing={standing.value.kind}
          class={hasPicture || standing.value.kind === 'edge' ? undefined : 'hidden'}
        />
        <Veil standing={standing.value} camera={camera} at={conductor.wallUs.value} />
        <div class="caption">
          <span class="name">{camera.name}</span>
        </div>
      </div>
    </figure>
  );
}

interface VeilProps {
  standing: Standing;
  camera: Camera;
  at: number | undefined;
}

function Veil({ standing, camera, at }: VeilProps) {
  const t = texts.value.recordings;

  switch (standing.kind) {
    case 'ready':
      return null;
    case 'empty':
      return <p class="veil">{t.pickMoment}</p>;
    case 'loading':
      return <p class="toast late">{t.loading}</p>;
    case 'gap':
      return <p class="veil">{t.noPicture}</p>;
    case 'edge':
      return <p class="toast">{t.edge}</p>;
    case 'unsupported': {
      const from = at ?? 0;
      return (
        <div class="veil">
          <Unsupported mime={standing.mime} hls={api.hlsPath(camera.id, from, from + hour)} />
        </div>
      );
    }
    case 'failed':
      return (
        <div class="veil">
          <p>{t.failed}</p>
          {standing.error && <p>{texts.value.errors[standing.error.code]}</p>}
          {standing.error?.message && <RecorderWords text={standing.error.message} />}
        </div>
      );
  }
}
