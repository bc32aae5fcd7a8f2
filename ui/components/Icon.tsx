const paths = {
  today: 'M4 11 12 4l8 7v9h-5v-6H9v6H4Z',
  live: 'M3 6h12v12H3Zm14 4 5-3v10l-5-3Z',
  recordings: 'M3 6h18v4H3Zm0 6h10v4H3Zm12 0h6v4h-6ZM7 18h2v3H7Z',
  cameras:
    'M12 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm0 3.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM6 20h12v2H6Z',
  alarms:
    'M12 2a2 2 0 0 1 2 2v.4a6 6 0 0 1 4 5.6v5l2 2v1H4v-1l2-2v-5a6 6 0 0 1 4-5.6V4a2 2 0 0 1 2-2ZM9.5 19h5a2.5 2.5 0 0 1-5 0Z',
  checklist: 'M3 4h6v6H3Zm2 2v2h2V6Zm6 0h10v2H11ZM3 14h6v6H3Zm8 2h10v2H11Zm-6.2 1.2 1.2 1.2 2-2 .9.9-2.9 2.9-2.1-2.1Z',
  duties: 'M7 2h2v2h6V2h2v2h3v17H4V4h3Zm-1 7v10h12V9Zm9.5 1.5 1.4 1.4-5.4 5.4-3-3 1.4-1.4 1.6 1.6Z',
  journal: 'M5 3h14v18H5Zm3 4v2h8V7Zm0 4v2h8v-2Zm0 4v2h5v-2Z',

  people:
    'M8 4a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM1 20c0-4.5 3-7 7-7s7 2.5 7 7ZM16 5a3 3 0 1 1 0 6Zm1 8c3.5 0 6 2.5 6 7h-6c0-3-.8-5-2-6.5Z',
  system: 'M3 4h18v7H3Zm0 9h18v7H3Zm3-6.5v2h3v-2Zm0 9v2h3v-2Z',
  play: 'M7 4v16l13-8Z',
  pause: 'M6 4h4v16H6Zm8 0h4v16h-4Z',
  stepBack: 'M17 5v14L7 12ZM4 5h2v14H4Z',
  stepForward: 'M7 5v14l10-7Zm11 0h2v14h-2Z',
  back10: 'M12 5v14L3 12Zm9 0v14l-9-7Z',
  forward10: 'M12 5v14l9-7ZM3 5v14l9-7Z',
  plus: 'M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6Z',
  minus: 'M5 11h14v2H5Z',
  newest: 'M4 5v14l10-7Zm12 0h3v14h-3Z',
  sound: 'M3 9h4l5-5v16l-5-5H3Zm12-.5c2 1.8 2 5.2 0 7m2.5-10c3.7 3.4 3.7 9.6 0 13',
  mute: 'M3 9h4l5-5v16l-5-5H3Zm12 .5 5 5m0-5-5 5',
  full: 'M4 9V4h5v2H6v3Zm11-5h5v5h-2V6h-3ZM6 15v3h3v2H4v-5Zm14 0v5h-5v-2h3v-3Z',
  left: 'M15 4 7 12l8 8 1.5-1.5L10 12l6.5-6.5Z',
  right: 'M9 4 7.5 5.5 14 12l-6.5 6.5L9 20l8-8Z',
  close: 'M6 4.6 12 10.6l6-6L19.4 6l-6 6 6 6-1.4 1.4-6-6-6 6L4.6 18l6-6-6-6Z',
  range: 'M4 4h2v16H4Zm14 0h2v16h-2ZM8 9h8v6H8Z',
};

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
