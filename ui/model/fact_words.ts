// What facts of cameras are called, and in which group they stand.
import type { Difference, Fact } from '../api';
import { texts } from '../language';
import { momentText } from './moments';

export const factThemes = [
  'device',
  'accounts',
  'services',
  'open',
  'sources',
  'clock',
  'tls',
  'logs',
  'picture',
  'age',
  'other',
] as const;
export type FactTheme = (typeof factThemes)[number];

const kindsOf: Record<Exclude<FactTheme, 'other'>, string> = {
  device: 'maker model firmware hardware serial mac host_name scope device_kind banner reachable',
  accounts:
    'account accounts_max password_min own_login own_level auth_scheme any_login factory_login ' +
    'lock_seen password_weak',
  services:
    'port_open ports_tried answers_all service_set discoverable discovery_answer ' +
    'zero_configuration dynamic_dns port_mapped',
  open:
    'open_video open_picture open_settings answers_any_path basic_in_clear secret_in_url ' +
    'secret_in_log',
  sources: 'filter_able filter_kind filter_address second_source',
  clock: 'clock_offset_ms clock_source ntp_server time_zone boot_time',
  tls:
    'https tls_version tls_suite certificate_key certificate_signature certificate_until ' +
    'certificate_self_signed certificate_names certificate_sha256 certificate_able video_tls ' +
    'http_closed',
  logs: 'log_able log_logins log_times event_topic update_over_http reboot_able',
  picture:
    'screen_text wireless wireless_cipher wireless_ssid_hidden onboard_storage stream stream_path ' +
    'ptz frames_lost',
  age: 'vulnerability support_end bought jc_star kept_setting',
};
const themeOf = new Map<string, FactTheme>(
  factThemes.flatMap((theme) =>
    theme === 'other'
      ? []
      : kindsOf[theme].split(' ').map((kind): [string, FactTheme] => [kind, theme]),
  ),
);
const times = ['boot_time', 'certificate_until', 'support_end', 'bought'];

export function themed(facts: Fact[]): [FactTheme, Fact[]][] {
  return factThemes
    .map((theme): [FactTheme, Fact[]] => [
      theme,
      facts.filter((fact) => (themeOf.get(fact.kind) ?? 'other') === theme),
    ])
    .filter(([, some]) => some.length > 0);
}

export function factName(fact: { kind: string; subject: string }): string {
  const name = texts.value.audit.kinds[fact.kind] ?? fact.kind;
  return fact.subject ? `${name} ${fact.subject}` : name;
}

export function valueText(kind: string, value: string): string {
  const t = texts.value.audit;
  if (value === 'yes' || value === 'no') {
    return t[value];
  }
  return times.includes(kind) && /^\d+$/.test(value) ? momentText(Number(value)) : value;
}

export function factText(fact: Fact): string {
  return fact.is_known ? valueText(fact.kind, fact.value) || '–' : texts.value.audit.notKnown;
}

// Two sources that say different things of the same.
export function isDisputed(fact: Fact, facts: Fact[]): boolean {
  return facts.some(
    (other) =>
      other.kind === fact.kind &&
      other.subject === fact.subject &&
      other.source !== fact.source &&
      other.is_known &&
      fact.is_known &&
      other.value !== fact.value,
  );
}

export function differenceText(one: Difference): string {
  const t = texts.value.audit;
  if (one.change === 'changed') {
    return `${valueText(one.kind, one.before)} → ${valueText(one.kind, one.after)}`;
  }
  const value = valueText(one.kind, one.change === 'added' ? one.after : one.before);
  return value ? `${t.change[one.change]}: ${value}` : t.change[one.change];
}
