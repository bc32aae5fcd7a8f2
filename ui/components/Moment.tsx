import { clockText, dateText, exactText } from '../model/moments';

// A time in the user's zone; the zone's offset shows on hover.
export function Moment({ us }: { us: number }) {
  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={exactText(us)}>
      <span>{dateText(us)}</span> <span>{clockText(us)}</span>
    </time>
  );
}
