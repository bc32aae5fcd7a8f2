import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../components/Icon';
import { LiveTile } from '../components/LiveTile';
import { Notice } from '../components/Notice';
import { texts } from '../language';
import { recall, remember } from '../remember';
import { go, href, route } from '../route';
import { maySeePictures } from '../session';
import { status } from '../status';

const counts = [1, 4, 9, 16] as const;

function firstCount(cameras: number): number {
  const kept = counts.find((count) => String(count) === recall('live.tiles'));
  return kept ?? counts.find((count) => count >= cameras) ?? 16;
}

// The wall of live pictures, or one camera large.
export function Live() {
  const t = texts.value.live;
  const cameras = status.value?.cameras;
  const wall = useRef<HTMLDivElement>(null);
  const count = useSignal<number | undefined>(undefined);
  const page = useSignal(0);
  const isFull = useSignal(false);
  const hasSound = useSignal(false);

  useEffect(() => {
    const onChange = (): void => {
      isFull.value = document.fullscreenElement !== null;
    };
    document.addEventListener('fullscreenchange', onChange);
    return () => document.removeEventListener('fullscreenchange', onChange);
  }, []);

  if (!maySeePictures()) {
    return <Notice tone="warn">{t.mayNot}</Notice>;
  }
  if (!cameras) {
    return <p>{texts.value.loading}</p>;
  }
  if (cameras.length === 0) {
    return <Notice tone="warn">{t.none}</Notice>;
  }
  const large = cameras.find((camera) => camera.id === route.value.rest[0]);
  const tiles = count.value ?? firstCount(cameras.length);
  const pages = Math.max(1, Math.ceil(cameras.length / tiles));
  const at = Math.min(page.value, pages - 1);
  const shown = large ? [large] : cameras.slice(at * tiles, (at + 1) * tiles);
  const toggleFull = (): void => {
    void (isFull.value ? document.exitFullscreen() : wall.current?.requestFullscreen());
  };

  return (
    <div class="live">
      <h1 class="visually-hidden">{t.title}</h1>
      <div class="bar">
        {large ? (
          <>
            <a class="button with-icon" href={href('live')}>
              <Icon name="left" />
              {t.allCameras}
            </a>
            <a class="button" href={href('recordings', [large.id])}>
              {t.openRecordings}
            </a>
            {large.tracks.some((track) => track.kind === 'audio') && (
              <button
                class="with-icon"
                aria-pressed={hasSound.value}
                onClick={() => (hasSound.value = !hasSound.value)}
              >
                <Icon name={hasSound.value ? 'sound' : 'mute'} />
                {hasSound.value ? t.soundOff : t.sound}
              </button>
            )}
          </>
        ) : (
          <div class="segmented" role="group" aria-label={t.tiles}>
            {counts.map((number) => (
              <button
                key={number}
                aria-pressed={number === tiles}
                aria-label={t.tilesOf(number)}
                onClick={() => {
                  count.value = number;
                  page.value = 0;
                  remember('live.tiles', String(number));
                }}
              >
                {number}
              </button>
            ))}
          </div>
        )}
        {!large && pages > 1 && (
          <div class="tools">
            <button
              class="tool"
              disabled={at === 0}
              aria-label={t.previous}
              title={t.previous}
              onClick={() => (page.value = at - 1)}
            >
              <Icon name="left" />
            </button>
            <span>{t.page(at + 1, pages)}</span>
            <button
              class="tool"
              disabled={at === pages - 1}
              aria-label={t.next}
              title={t.next}
              onClick={() => (page.value = at + 1)}
            >
              <Icon name="right" />
            </button>
          </div>
        )}
        {document.fullscreenEnabled && (
          <button
            class="with-icon push"
            onClick={toggleFull}
            aria-label={isFull.value ? t.leaveFullScreen : t.fullScreen}
          >
            <Icon name="full" />
            <span class="spare">{isFull.value ? t.leaveFullScreen : t.fullScreen}</span>
          </button>
        )}
      </div>
      <div ref={wall} class={large ? 'wall n1' : `wall n${tiles}`}>
        {shown.map((camera) => (
          <LiveTile
            key={camera.id}
            camera={camera}
            look={large ? 'large' : 'wall'}
            hasSound={large !== undefined && hasSound.value}
            {...(large ? {} : { onEnlarge: () => go(href('live', [camera.id])) })}
          />
        ))}
      </div>
    </div>
  );
}
