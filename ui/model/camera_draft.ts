// A camera's settings as they are typed, and what is wrong with them.
import type { Camera, CameraChange, Transport } from '../api';
import { texts } from '../language';
import { day } from './moments';

export interface CameraDraft {
  name: string;
  url: string;
  user: string;
  password: string;
  enabled: boolean;
  transport: Transport;
  allowBasic: boolean;
  pin: string;
  retainDays: string;
  retainGb: string;
}

export type DraftField = keyof CameraDraft;
export type Wrong = Partial<Record<DraftField, string>>;

const gigabyte = 1_000_000_000;
const nameMost_bytes = 63;

// Without trailing zeros, so that what was typed comes back as it was.
function plain(value: number): string {
  return value > 0 ? String(Math.round(value * 1000) / 1000) : '';
}

export function draftOf(camera: Camera | undefined): CameraDraft {
  return {
    name: camera?.name ?? '',
    url: camera?.url ?? '',
    user: camera?.user ?? '',
    password: '',
    enabled: camera?.enabled ?? true,
    transport: camera?.transport ?? 'auto',
    allowBasic: camera?.allow_basic ?? false,
    pin: camera?.pin ?? '',
    retainDays: plain((camera?.retain_us ?? 0) / day),
    retainGb: plain((camera?.retain_bytes ?? 0) / gigabyte),
  };
}

function wrongAddress(text: string): string | undefined {
  const t = texts.value.form;

  if (!text) {
    return t.missing;
  }
  if (!/^rtsps?:\/\//i.test(text)) {
    return t.urlScheme;
  }
  // URL knows no default port for rtsp, but reads its parts.
  if (!URL.canParse(text) || /\s/.test(text) || !new URL(text).hostname) {
    return t.urlBad;
  }
  return new URL(text).username || new URL(text).password ? t.urlPassword : undefined;
}

function wrongNumber(text: string): string | undefined {
  return text.trim() === '' || Number(text) > 0 ? undefined : texts.value.form.numberBad;
}

export function findWrong(draft: CameraDraft): Wrong {
  const t = texts.value.form;
  const name = draft.name.trim();
  const nameBytes = new TextEncoder().encode(name).length;
  const pin = plainPin(draft.pin);
  const found: [DraftField, string | undefined][] = [
    ['name', name ? (nameBytes > nameMost_bytes ? t.nameLong : undefined) : t.missing],
    ['url', wrongAddress(draft.url.trim())],
    ['pin', pin === '' || /^[0-9a-f]{64}$/.test(pin) ? undefined : t.pinBad],
    ['retainDays', wrongNumber(draft.retainDays)],
    ['retainGb', wrongNumber(draft.retainGb)],
  ];
  return Object.fromEntries(found.filter(([, text]) => text !== undefined));
}

// Fingerprints are often written with colons and in capitals.
function plainPin(text: string): string {
  return text.replace(/[:\s]/g, '').toLowerCase();
}

export function toChange(draft: CameraDraft): CameraChange {
  return {
    name: draft.name.trim(),
    url: draft.url.trim(),
    user: draft.user,
    ...(draft.password ? { password: draft.password } : {}),
    enabled: draft.enabled,
    transport: draft.transport,
    allow_basic: draft.allowBasic,
    pin: plainPin(draft.pin),
    retain_us: Math.round(Number(draft.retainDays) * day),
    retain_bytes: Math.round(Number(draft.retainGb) * gigabyte),
  };
}

const fieldNames: Record<string, DraftField> = {
  name: 'name',
  url: 'url',
  user: 'user',
  password: 'password',
  enabled: 'enabled',
  transport: 'transport',
  allow_basic: 'allowBasic',
  pin: 'pin',
  retain_us: 'retainDays',
  retain_bytes: 'retainGb',
};

// The typed field that the recorder's word for it means.
export function draftField(name: string | undefined): DraftField | undefined {
  return name === undefined ? undefined : fieldNames[name];
}
