import type { ComponentChildren } from 'preact';
import { ApiError } from '../api';
import { texts } from '../language';
import type { Tone } from '../model/judge';

export function Notice({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  const isUrgent = tone === 'bad';
  return (
    <div class={`notice ${tone}`} role={isUrgent ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

// What happened, in the user's language, with the recorder's own words beneath.
export function ErrorNotice({ error }: { error: unknown }) {
  const t = texts.value;
  const known = error instanceof ApiError ? error : undefined;
  return (
    <Notice tone="bad">
      <p>{known ? t.errors[known.code] : t.unexpected}</p>
      {known?.message && known.code !== 'unreachable' && <RecorderWords text={known.message} />}
    </Notice>
  );
}

export function RecorderWords({ text }: { text: string }) {
  return (
    <p class="recorder-words">
      {texts.value.recorderSays} <code lang="en">{text}</code>
    </p>
  );
}
