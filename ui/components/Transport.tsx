import type { Signal } from '@preact/signals';
import { texts } from '../language';
import { speeds, type Conductor } from '../media/conductor';
import { lengthText } from '../model/amounts';
import { dateText, exactText, preciseText, second } from '../model/moments';
import { Icon, type IconName } from './Icon';

const jump_us = 10 * second;

interface TransportProps {
  conductor: Conductor;
  hasSound: Signal<boolean>;
  hasAudio: boolean;
  onJump: (by: number) => void;
  onNewest: () => void;
}

// The moment on screen, and the buttons that move it.
export function Transport({ conductor, hasSound, hasAudio, onJump, onNewest }: TransportProps) {
  const t = texts.value.recordings;
  const wall = conductor.wallUs.value;
  const isOff = wall === undefined;
  const isPlaying = conductor.isPlaying.value;
  const skipped = conductor.skipped.value;
  const button = (icon: IconName, label: string, act: () => void, isPrimary = false) => (
    <button
      class={isPrimary ? 'tool primary' : 'tool'}
      title={label}
      aria-label={label}
      disabled={isOff && icon !== 'newest'}
      onClick={act}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div class="transport" role="group" aria-label={t.play}>
      <div class="moment-shown" data-wall={wall}>
        {wall === undefined ? (
          <span class="hint">{t.pickMoment}</span>
        ) : (
          <time dateTime={new Date(wall / 1000).toISOString()} title={exactText(wall)}>
            <span class="date">{dateText(wall)}</span> <strong>{preciseText(wall, 2)}</strong>
          </time>
        )}
        {conductor.isAtEdge.value && isPlaying && <span class="hint">{t.edge}</span>}
        {skipped && (
          <span class="hint" role="status">
            {t.skipped(lengthText(skipped.to_us - skipped.from_us))}
          </span>
        )}
      </div>
      <div class="tools">
        {button('back10', t.back10, () => onJump(-jump_us))}
        {button('stepBack', t.previousPicture, () => conductor.step(-1))}
        {button(
          isPlaying ? 'pause' : 'play',
          isPlaying ? t.pause : t.play,
          () => conductor.toggle(),
          true,
        )}
        {button('stepForward', t.nextPicture, () => conductor.step(1))}
        {button('forward10', t.forward10, () => onJump(jump_us))}
        {button('newest', t.newest, onNewest)}
        {hasAudio &&
          button(hasSound.value ? 'sound' : 'mute', hasSound.value ? t.soundOff : t.sound, () => {
            hasSound.value = !hasSound.value;
          })}
      </div>
      <label class="inline speed">
        <span>{t.speed}</span>
        <select
          aria-label={t.speed}
          value={String(conductor.speed.value)}
          onChange={(event) => {
            const speed = speeds.find((known) => String(known) === event.currentTarget.value);
            if (speed !== undefined) {
              conductor.setSpeed(speed);
            }
          }}
        >
          {speeds.map((speed) => (
            <option key={speed} value={String(speed)}>
              {speed}×
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
