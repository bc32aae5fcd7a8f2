import { texts } from '../language';

const names: [RegExp, string][] = [
  [/hvc1|hev1/, 'H.265'],
  [/avc1|avc3/, 'H.264'],
];

export function codecName(mime: string): string {
  return names.find(([pattern]) => pattern.test(mime))?.[1] ?? mime;
}

interface UnsupportedProps {
  mime: string;
  // Where an HLS player finds the same pictures.
  hls: string;
  isSmall?: boolean;
}

// A format that this browser cannot decode; nothing is lost by it, and it says so.
export function Unsupported({ mime, hls, isSmall = false }: UnsupportedProps) {
  const t = texts.value.unsupported;
  return (
    <div class="unsupported">
      <strong>{t.title(codecName(mime))}</strong>
      {isSmall ? <p>{t.short}</p> : <p>{t.text}</p>}
      {!isSmall && (
        <a class="button" href={hls}>
          {t.hls}
        </a>
      )}
    </div>
  );
}
