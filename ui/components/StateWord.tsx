import type { Tone } from '../model/judge';

const shapes: Record<Tone, string> = {
  good: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Z',
  busy: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 2.2a4.8 4.8 0 0 0 0 9.6Z',
  warn: 'M8 1 15.5 15H.5Z',
  bad: 'M4.9 1h6.2L15 4.9v6.2L11.1 15H4.9L1 11.1V4.9Zm.8 3.3L4.3 5.7 6.6 8l-2.3 2.3 1.4 1.4L8 9.4l2.3 2.3 1.4-1.4L9.4 8l2.3-2.3-1.4-1.4L8 6.6Z',
  off: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 2a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z',
};

// A state as a word with a shape of its own, so that no one depends on the colour.
export function StateWord({ tone, text }: { tone: Tone; text: string }) {
  return (
    <span class={`state ${tone}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={shapes[tone]} fill-rule="evenodd" />
      </svg>
      {text}
    </span>
  );
}
