import { useMemo } from 'preact/hooks';
import { makeQr } from '../model/qr';

const quiet = 4; // modules of light around it, without which telephones do not find it

// A text for the camera of a telephone. What it says must stand beside it as text, too: not
// everybody can point a camera at it. Dark on light in every colour scheme, as readers expect.
export function QrCode({ text, label }: { text: string; label: string }) {
  const square = useMemo(() => makeQr(text), [text]);
  if (!square) {
    return null;
  }
  const { size } = square;
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = x;
      while (x < size && square.isDark(x, y)) {
        x++;
      }
      path += x > from ? `M${from} ${y}h${x - from}v1h${from - x}z` : '';
    }
  }
  const all = size + 2 * quiet;
  return (
    <svg
      class="qr"
      role="img"
      aria-label={label}
      viewBox={`${-quiet} ${-quiet} ${all} ${all}`}
      shape-rendering="crispEdges"
    >
      <rect x={-quiet} y={-quiet} width={all} height={all} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
