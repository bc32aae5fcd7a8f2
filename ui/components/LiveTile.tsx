import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, type Camera } from '../api';
import { texts } from '../language';
import { LiveFeed, type LiveState } from '../media/live_feed';
import { cameraWord } from '../model/judge';
import { clockText, hour } from '../model/moments';
import { recorderNowUs } from '../session';
import { StateWord } from './StateWord';
import { Unsupported } from './Unsupported';

interface LiveTileProps {
  camera: Camera;
  // small: the name and state stand below the picture, in a list of cameras
  look: 'small' | 'wall' | 'large';
  onEnlarge?: () => void;
  hasSound?: boolean;
}

const hiddenMost_ms = 4000; // a page that nobody sees stops taking pictures after so long
const skippedShown_ms = 6000;

// Live pictures of one camera, with its name and state. Connects only while it can be seen.
export function LiveTile({ camera, look, onEnlarge, hasSound = false }: LiveTileProps) {
  const t = texts.value.live;
  const video = useRef<HTMLVideoElement>(null);
  const state = useSignal<LiveState>({ kind: 'connecting' });
  const clock = useSignal('');
  const isSkipping = useSignal(false);
  const isOn = camera.enabled && camera.state !== 'off';
  const word = cameraWord(camera, recorderNowUs());
  const isPlaying = useComputed(() => state.value.kind === 'playing');

  useEffect(() => {
    const element = video.current;
    if (!element || !isOn) {
      return undefined;
    }
    let feed: LiveFeed | undefined;
    let isInSight = false;
    let timer = 0;
    let skippedTimer = 0;
    const start = (): void => {
      feed ??= new LiveFeed(
        element,
        camera.id,
        (next) => {
          state.value = next;
        },
        () => {
          isSkipping.value = true;
          window.clearTimeout(skippedTimer);
          skippedTimer = window.setTimeout(() => (isSkipping.value = false), skippedShown_ms);
        },
      );
    };
    const stop = (): void => {
      feed?.stop();
      feed = undefined;
    };
    const look = (): void => {
      window.clearTimeout(timer);
      if (isInSight && !document.hidden) {
        start();
      } else {
        timer = window.setTimeout(stop, hiddenMost_ms);
      }
    };
    const observer = new IntersectionObserver((entries) => {
      isInSight = entries.at(-1)?.isIntersecting ?? false;
      look();
    });
    const clockTimer = window.setInterval(() => {
      const wall = feed?.wallUs;
      clock.value = wall === undefined ? '' : clockText(wall);
    }, 250);

    observer.observe(element);
    document.addEventListener('visibilitychange', look);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', look);
      window.clearTimeout(timer);
      window.clearTimeout(skippedTimer);
      window.clearInterval(clockTimer);
      stop();
    };
  }, [camera.id, isOn]);

  const picture = (
    <div class="picture">
      <video
        ref={video}
        muted={!hasSound}
        playsInline
        aria-label={camera.name}
        data-camera={camera.id}
        class={isPlaying.value ? undefined : 'hidden'}
      />
      {!isOn && <p class="veil">{t.off}</p>}
      {isOn && <Veil state={state.value} camera={camera} isSmall={look !== 'large'} />}
      {isSkipping.value && <p class="toast">{t.skipped}</p>}
      {look !== 'small' && (
        <div class="caption">
          <span class="name">{camera.name}</span>
          <StateWord {...word} />
          {isPlaying.value && <span class="clock">{clock}</span>}
        </div>
      )}
      {onEnlarge && (
        <button class="cover" onClick={onEnlarge} aria-label={t.enlarge(camera.name)} />
      )}
    </div>
  );

  return (
    <figure class={`tile ${look}`}>
      {picture}
      {look === 'small' && (
        <figcaption>
          <span class="name">{camera.name}</span>
          <StateWord {...word} />
        </figcaption>
      )}
    </figure>
  );
}

function Veil({ state, camera, isSmall }: { state: LiveState; camera: Camera; isSmall: boolean }) {
  const t = texts.value.live;

  switch (state.kind) {
    case 'playing':
      return null;
    case 'connecting':
      return <p class="veil">{t.connecting}</p>;
    case 'lost':
      return <p class="veil">{t.lost}</p>;
    case 'waiting':
      return (
        <div class="veil">
          <p>{t.waiting}</p>
          {!isSmall && state.error && <code lang="en">{state.error}</code>}
        </div>
      );
    case 'unsupported': {
      const now = recorderNowUs();
      return (
        <div class="veil">
          <Unsupported
            mime={state.mime}
            hls={api.hlsPath(camera.id, now - hour, now)}
            isSmall={isSmall}
          />
        </div>
      );
    }
  }
}
