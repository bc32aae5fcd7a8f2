// The HTTPS API of the recorder, typed. All times are integer microseconds since 1970 UTC.

export type Role = 'administrator' | 'user' | 'maintenance' | 'none';
export type CameraState = 'off' | 'connecting' | 'streaming' | 'waiting' | 'refused';
export type StorageState = 'starting' | 'ok' | 'tight' | 'full' | 'failed';
export type Transport = 'auto' | 'tcp' | 'udp';
export type GapReason =
  | 'unknown'
  | 'camera_lost'
  | 'packets_lost'
  | 'clock_step'
  | 'media_jump'
  | 'disk_slow'
  | 'disk_full'
  | 'disk_failed'
  | 'recorder_down'
  | 'camera_off'
  | 'damaged';

// Of what an alarm is; incidents that nobody's alarm began are `unknown`.
export type AlarmKind =
  | 'camera_lost'
  | 'camera_refused'
  | 'cameras_lost'
  | 'camera_clock'
  | 'logins'
  | 'login_unusual'
  | 'clock_step'
  | 'clock_drift'
  | 'storage'
  | 'retention'
  | 'role_restarted'
  | 'journal'
  | 'certificate'
  | 'duty'
  | 'notices'
  | 'listener'
  | 'settings_changed'
  | 'takeover'
  | 'unknown';
export type Severity = 'info' | 'warning' | 'critical';
export type DutyKind =
  | 'own'
  | 'stock_taking'
  | 'account_review'
  | 'journal_review'
  | 'vulnerabilities'
  | 'backup_check'
  | 'restore_drill'
  | 'certificate';
export const dutyResults = ['fine', 'findings', 'skipped'] as const;
export type DutyResult = (typeof dutyResults)[number];

export const answerStates = ['not_met', 'unknown', 'met', 'not_applicable'] as const;
export type AnswerState = (typeof answerStates)[number];
export type FactSource = 'onvif' | 'probe' | 'recorder' | 'person' | 'import' | 'unknown';
export const profileParts = [
  'serves_other_network',
  'within_reach',
  'sturdy_cameras',
  'line_may_be_tapped',
  'video_encrypted',
  'wireless',
  'availability',
] as const;
export type ProfilePart = (typeof profileParts)[number];

export interface Requirement {
  // "a02-1"; of audit points a name of ours
  requirement: string;
  is_audit_point: boolean;
  section: string;
  // Letters of E S P D A.
  kinds: string;
  sureness: string;
  fresh_days: number;
  leans_on: string;
  title_en: string;
  title_ja: string;
  question_en: string;
  question_ja: string;
}

export interface Answer {
  requirement: string;
  is_audit_point: boolean;
  level: 'all' | 'system' | 'camera';
  camera: string | null;
  camera_name: string;
  state: AnswerState;
  kinds: string;
  reason: string;
  subject: string;
  reason_en: string;
  reason_ja: string;
  observed_us: number | null;
  due_us: number | null;
  evidence_count: number;
  attestation: number;
  waiver: number;
  is_disputed: boolean;
}

export interface Evidence {
  requirement: string;
  camera: string | null;
  camera_name: string;
  fact: string;
  fact_en: string;
  fact_ja: string;
  subject: string;
  source: FactSource;
  is_known: boolean;
  value: string;
  detail: string;
  observed_us: number | null;
}

interface Statement {
  number: number;
  requirement: string;
  camera: string | null;
  camera_name: string;
  by: string;
  made_us: number;
  until_us: number;
  withdrawn_us: number | null;
  withdrawn_by: string;
}

export interface Attestation extends Statement {
  state: AnswerState;
  document: string;
  note: string;
}

export interface Waiver extends Statement {
  reason: string;
}

export interface Disagreement {
  requirement: string;
  camera: string;
  camera_name: string;
  reason_en: string;
  reason_ja: string;
}

export interface Profile {
  parts: string;
  is_set: boolean;
  by: string;
  set_us: number | null;
}

export interface Checklist {
  requirements: Requirement[];
  answers: Answer[];
  disagreements?: Disagreement[];
  profiles: Profile[];
}

export interface EvidenceAnswer {
  answers: Answer[];
  evidence?: Evidence[];
  attestations?: Attestation[];
  waivers?: Waiver[];
}

export interface Hello {
  product: string;
  version: string;
  setup_required: boolean;
}

export interface Session {
  account: { id: string; name: string; role: Role };
  csrf: string;
  needs_second_factor: boolean;
  expires_us: number;
  now_us: number;
}

export interface Account {
  id: string;
  name: string;
  role: Role;
  is_disabled: boolean;
  has_second_factor: boolean;
  is_second_factor_needed: boolean;
  recovery_codes: number;
  locked_us: number;
  sessions: number;
  tokens: number;
  created_us: number;
  password_us: number;
  allow_from: string;
}

export interface AccountChange {
  role?: Role;
  state?: 'enabled' | 'disabled';
  password?: string;
  allow_from?: string;
  is_unlocked?: boolean;
}

export interface Grant {
  id: string;
  camera: string;
  camera_name: string;
  may_live: boolean;
  may_playback: boolean;
  may_export: boolean;
}

export interface SessionInfo {
  id: string;
  account: string;
  name: string;
  is_own: boolean;
  since_us: number;
  used_us: number;
  expires_us: number;
  address: string;
  program: string;
}

export interface Token {
  id: string;
  account: string;
  account_name: string;
  name: string;
  rights: string;
  cameras: string;
  allow_from: string;
  is_alive: boolean;
  created_us: number;
  expires_us: number;
  revoked_us: number | null;
  used_us: number | null;
  used_from: string;
}

export interface NewToken {
  name: string;
  rights: string;
  cameras: string;
  allow_from: string;
  days: number;
}

export interface Track {
  kind: 'video' | 'audio';
  codec: string;
  codec_text: string;
  width?: number;
  height?: number;
  fps?: number;
  clock_hz?: number;
  channels?: number;
}

export interface CameraSettings {
  name: string;
  url: string;
  user: string;
  enabled: boolean;
  transport: Transport;
  allow_basic: boolean;
  pin: string;
  retain_us: number;
  retain_bytes: number;
}

export interface Camera extends CameraSettings {
  id: string;
  state: CameraState;
  since_us: number;
  frames_received: number;
  frames_stored: number;
  bytes_received: number;
  bytes_stored: number;
  kept_bytes: number;
  oldest_us: number | null;
  last_us: number | null;
  gaps: number;
  lost: number;
  damaged: number;
  reconnects: number;
  clock_offset_us: number | null;
  error: string;
  active_transport: string;
  authentication: string;
  tracks: Track[];
}

export interface RoleStatus {
  role: string;
  instance: number;
  pid: number;
  ready: boolean;
  restarts: number;
  started_us: number;
  kernel: string;
}

export interface Storage {
  state: StorageState;
  total_bytes: number;
  free_bytes: number;
  kept_bytes: number;
  error: string;
}

export interface Status {
  version: string;
  started_us: number;
  now_us?: number;
  storage: Storage;
  certificate?: { until_us: number | null; origin: CertificateOrigin };
  cameras: Camera[];
  roles: RoleStatus[];
}

export type JournalState = 'ok' | 'checking' | 'failing' | 'broken';

export interface JournalEntry {
  number: number;
  at_us: number | null;
  event: string;
  camera: string | null;
  camera_name: string;
  account: string | null;
  account_name: string;
  text: string;
}

export interface JournalStatus {
  state: JournalState;
  problem: string;
  entries: number;
  signed_number: number;
  signed_us: number | null;
  verified_number: number;
  verified_us: number | null;
  reviewed_number: number;
  reviewed_us: number | null;
  reviewed_by: string;
  review_note: string;
  public_key: string;
}

export type JournalQuery = Partial<
  Record<
    'before_number' | 'limit' | 'from_us' | 'to_us' | 'camera' | 'account' | 'events' | 'search',
    string
  >
>;

export interface JournalAnswer {
  entries: JournalEntry[];
  // Where the next page begins; 0: that was all.
  pages?: { next_number: number }[];
}

export type CertificateOrigin = 'self_signed' | 'own_authority' | 'installed';

export interface Certificate {
  use: 'recorder' | 'authority' | 'request' | 'device';
  origin: CertificateOrigin;
  subject: string;
  issuer: string;
  names: string;
  key: string;
  from_us: number;
  until_us: number;
  sha256: string;
  is_served: boolean;
  is_renewed: boolean;
  pem: string;
}

export interface Listener {
  protocol: string;
  address: string;
  role: string;
  verdict: 'expected' | 'unexpected' | 'unsure';
  reason: string;
}

export interface Part {
  program: string;
  name: string;
  version: string;
  package: string;
  package_version: string;
}

export type Range = [from_us: number, to_us: number];

export interface Gap {
  from_us: number;
  to_us: number;
  reason: GapReason;
  lost: number;
}

export interface Coverage {
  from_us: number;
  to_us: number;
  recorded: Range[];
  gaps: Gap[];
}

export type Chunk = [
  offset_bytes: number,
  size_bytes: number,
  start_us: number,
  duration_us: number,
  key: number,
];

export interface Segment {
  id: string;
  start_us: number;
  end_us: number;
  open: boolean;
  mime: string;
  width: number;
  height: number;
  init_bytes: number;
  media_bytes: number;
  chunks: Chunk[];
}

// What the server sends as text on a live connection.
export type LiveMessage =
  | { kind: 'init'; mime: string; width: number; height: number; supported_hint: string }
  | { kind: 'skipped'; frames: number }
  | { kind: 'waiting'; state: CameraState; error: string }
  | { kind: 'label'; unix_us: number; media_us: number };

export interface Alarm {
  number: number;
  kind: AlarmKind;
  severity: Severity;
  camera: string | null;
  camera_name: string;
  // What it is about, if not a camera.
  subject: string;
  opened_us: number;
  cleared_us: number | null;
  count: number;
  text: string;
  acknowledged_by: string;
  acknowledged_us: number | null;
  // 0: none
  incident: number;
}

export interface Incident {
  number: number;
  kind: AlarmKind;
  title: string;
  owner: string;
  // A bit for each step of the checklist; the first step is the lowest bit.
  steps_done: number;
  opened_us: number;
  ended_us: number | null;
  outcome: string;
}

export interface IncidentNote {
  number: number;
  at_us: number;
  by: string;
  text: string;
}

export interface Duty {
  number: number;
  kind: DutyKind;
  title: string;
  owner: string;
  interval_days: number;
  due_us: number;
  done_us: number | null;
  done_by: string;
  is_overdue: boolean;
}

export interface DutyChange {
  title: string;
  owner: string;
  interval_days: number;
  due_us?: number;
}

export interface DutyRecord {
  number: number;
  done_us: number;
  by: string;
  result: DutyResult;
  note: string;
}

export interface Maintenance {
  number: number;
  camera: string;
  camera_name: string;
  from_us: number;
  to_us: number;
  by: string;
  note: string;
}

export type AuditState = 'waiting' | 'running' | 'done' | 'failed' | 'stopped';

export interface Audit {
  number: number;
  camera: string;
  camera_name: string;
  by: string;
  state: AuditState;
  asked_us: number;
  began_us: number | null;
  ended_us: number | null;
  // That runs now, and how far it is; total 0: not known.
  stage: string;
  done: number;
  total: number;
  facts: number;
  text: string;
}

export interface Fact {
  camera: string;
  kind: string;
  subject: string;
  source: FactSource;
  is_known: boolean;
  value: string;
  detail: string;
  observed_us: number;
}

export type Announcement = 'nobody' | 'maintenance' | 'remedy';

export interface Snapshot {
  number: number;
  reason: 'audit' | 'asked' | 'remedy';
  taken_us: number;
  confirmed_us: number;
  changes: number;
  unannounced: number;
  announced_by: Announcement;
}

// What a maintenance left behind.
export interface MaintenanceCheck {
  maintenance: number;
  before: number;
  after: number;
  changes: number;
  checked_us: number;
}

export interface Difference {
  change: 'added' | 'removed' | 'changed';
  theme: 'device' | 'firmware' | 'settings' | 'accounts' | 'services' | 'context';
  kind: string;
  subject: string;
  source: FactSource;
  before: string;
  after: string;
}

export const remedyKinds = [
  'password',
  'services',
  'ntp',
  'filter',
  'reboot',
  'firmware',
  'reset',
] as const;
export type RemedyKind = (typeof remedyKinds)[number];

export interface RemedyWish {
  camera: string;
  remedy: RemedyKind;
  account?: string;
  current?: string;
  allows_clear?: boolean;
  services?: string;
  servers?: string;
  addresses?: string;
  is_off?: boolean;
  is_hard?: boolean;
  file?: string;
}

export interface Plan {
  plan: string;
  camera_name: string;
  remedy: RemedyKind;
  state: 'making' | 'ready' | 'failed' | 'used';
  until_us: number;
  text: string;
}

export interface PlanStep {
  place: number;
  does: 'send' | 'try' | 'keep' | 'look';
  operation: string;
  target: string;
  parameters: string;
}

export interface Remedy {
  number: number;
  camera: string;
  remedy: RemedyKind;
  state: 'running' | 'done' | 'failed' | 'unsure';
  step: string;
  text: string;
  by: string;
  begun_us: number;
  ended_us: number | null;
}

// A change of a camera; the password travels only towards the recorder.
export type CameraChange = Partial<CameraSettings> & { password?: string };

export type DestinationKind = 'mail' | 'webhook' | 'mqtt' | 'syslog';

// A destination of messages, as a whole; the password travels only towards the recorder.
export interface DestinationSettings {
  name: string;
  kind: DestinationKind;
  url: string;
  user: string;
  has_password: boolean;
  sender: string;
  recipients: string;
  topic: string;
  discovery: string;
  language: 'both' | 'ja' | 'en';
  minimum: Severity;
  ca: string;
  pin: string;
  is_enabled: boolean;
}

export interface Destination extends DestinationSettings {
  destination: string;
  waiting: number;
  oldest_us: number | null;
  due_us: number | null;
  tries: number;
  error: string;
  delivered: number;
  given_up: number;
  is_testing: boolean;
  test: string | null;
  is_test_good: boolean;
  test_text: string;
}

export const errorCodes = [
  'not_logged_in',
  'login_failed',
  'second_factor_needed',
  'denied',
  'csrf',
  'not_found',
  'invalid',
  'locked',
  'busy',
  'storage',
  'conflict',
] as const;
export type ServerErrorCode = (typeof errorCodes)[number];
// unreachable: no answer at all; unreadable: an answer that is not the API's.
export type ErrorCode = ServerErrorCode | 'unreachable' | 'unreadable';

export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly status = 0,
    readonly field: string | undefined = undefined,
    readonly retryAfterS: number | undefined = undefined,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export function isAborted(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'AbortError';
}

const base = '/api/v1';
let csrfToken = '';
let onSessionLost: () => void = () => undefined;

// The token of the session answer; every change carries it.
export function setCsrf(token: string): void {
  csrfToken = token;
}

// Called when the recorder says that the session has ended.
export function watchSessionLoss(callback: () => void): void {
  onSessionLost = callback;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = isRecord(body) && isRecord(body.error) ? body.error : undefined;
  const code = errorCodes.find((known) => known === error?.code);

  if (!error || !code) {
    return new ApiError('unreadable', `HTTP ${response.status}`, response.status);
  }
  return new ApiError(
    code,
    typeof error.message === 'string' ? error.message : '',
    response.status,
    typeof error.field === 'string' ? error.field : undefined,
    typeof error.retry_after_s === 'number' ? error.retry_after_s : undefined,
  );
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;

  try {
    response = await fetch(base + path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (reason) {
    if (isAborted(reason)) {
      throw reason;
    }
    throw new ApiError('unreachable', String(reason));
  }
  if (!response.ok) {
    const error = await errorOf(response);
    if (error.code === 'not_logged_in' || error.code === 'csrf') {
      onSessionLost();
    }
    throw error;
  }
  return response;
}

// Our own server wrote the answer, in the same version as this page.
async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, signal ? { signal } : {});
  return (await response.json()) as T;
}

async function change<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
  const headers: Record<string, string> = { 'X-Komainu-CSRF': csrfToken };
  const init: RequestInit = { method, headers };

  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await send(path, init);
  const text = await response.text();
  return text ? (JSON.parse(text) as T) : undefined;
}

async function changeAndRead<T>(method: string, path: string, body: unknown): Promise<T> {
  const answer = await change<T>(method, path, body);
  if (answer === undefined) {
    throw new ApiError('unreadable', 'empty answer');
  }
  return answer;
}

const camera = (id: string): string => `/cameras/${encodeURIComponent(id)}`;
const range = (from: number, to: number): string => `from=${Math.floor(from)}&to=${Math.ceil(to)}`;

export const api = {
  hello: () => get<Hello>('/hello'),
  session: () => get<Session>('/session'),
  setUp: (token: string, name: string, password: string) =>
    changeAndRead<Session>('POST', '/setup', { token, name, password }),
  logIn: (name: string, password: string, code = '') =>
    changeAndRead<Session>('POST', '/session', code ? { name, password, code } : { name, password }),
  logOut: () => change<never>('DELETE', '/session'),
  status: (signal?: AbortSignal) => get<Status>('/status', signal),
  journal: (query: JournalQuery, signal?: AbortSignal) =>
    get<JournalAnswer>(`/journal?${new URLSearchParams(query).toString()}`, signal),
  journalState: (signal?: AbortSignal) => get<JournalStatus>('/journal/state', signal),
  reviewJournal: (until_number: number, note: string) =>
    change<never>('POST', '/journal/reviews', { until_number, note }),
  certificates: (signal?: AbortSignal) =>
    get<{ certificates: Certificate[] }>('/certificates', signal),
  listeners: (signal?: AbortSignal) => get<{ listeners: Listener[] }>('/listeners', signal),
  parts: (signal?: AbortSignal) => get<{ parts: Part[] }>('/parts', signal),
  addCamera: (settings: CameraChange) =>
    changeAndRead<{ id: string }>('POST', '/cameras', settings),
  changeCamera: (id: string, settings: CameraChange) =>
    change<Camera>('PATCH', camera(id), settings),
  removeCamera: (id: string) => change<never>('DELETE', camera(id)),
  timeline: (id: string, from: number, to: number, resolution: number, signal?: AbortSignal) =>
    get<Coverage>(
      `${camera(id)}/timeline?${range(from, to)}&resolution=${Math.max(1, Math.floor(resolution))}`,
      signal,
    ),
  segments: (id: string, from: number, to: number, signal?: AbortSignal) =>
    get<{ segments: Segment[] }>(`${camera(id)}/segments?${range(from, to)}`, signal),
  initSegment: async (segment: string, signal?: AbortSignal): Promise<ArrayBuffer> => {
    const init: RequestInit = { cache: 'default', ...(signal ? { signal } : {}) };
    return (await send(`/segments/${segment}/init.mp4`, init)).arrayBuffer();
  },
  // Exactly the bytes [from, to) of the segment's media.
  media: async (
    segment: string,
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<ArrayBuffer> => {
    const headers = { Range: `bytes=${from}-${to - 1}` };
    const init: RequestInit = { headers, ...(signal ? { signal } : {}) };
    const bytes = await (await send(`/segments/${segment}/media.m4s`, init)).arrayBuffer();
    if (bytes.byteLength !== to - from) {
      throw new ApiError('unreadable', `${bytes.byteLength} bytes instead of ${to - from}`);
    }
    return bytes;
  },
  exportPath: (id: string, from: number, to: number) =>
    `${base}${camera(id)}/export.mp4?${range(from, to)}`,
  exportStream: (id: string, from: number, to: number, signal: AbortSignal) =>
    send(`${camera(id)}/export.mp4?${range(from, to)}`, { signal }),
  hlsPath: (id: string, from: number, to: number) =>
    `${base}${camera(id)}/hls.m3u8?${range(from, to)}`,
  ownAccount: () => get<Account>('/account'),
  changePassword: (current: string, password: string) =>
    change<never>('POST', '/account/password', { current, password }),
  beginSecondFactor: (password: string) =>
    changeAndRead<{ secret: string; uri: string }>('POST', '/account/totp', { password }),
  confirmSecondFactor: (code: string) =>
    changeAndRead<{ recovery_codes: { code: string }[] }>('POST', '/account/totp/confirm', {
      code,
    }),
  endSecondFactor: (password: string) =>
    change<never>('POST', '/account/totp/disable', { password }),
  accounts: () => get<{ accounts: Account[] }>('/accounts'),
  addAccount: (name: string, role: Role, password: string) =>
    changeAndRead<{ id: string }>('POST', '/accounts', { name, role, password }),
  changeAccount: (id: string, wanted: AccountChange) =>
    change<never>('PATCH', `/accounts/${id}`, wanted),
  dropSecondFactor: (id: string) => change<never>('DELETE', `/accounts/${id}/totp`),
  grants: (id: string) => get<{ grants: Grant[] }>(`/accounts/${id}/grants`),
  grant: ({ id, camera_name: _, ...rights }: Grant) =>
    change<never>('POST', `/accounts/${id}/grants`, rights),
  sessions: () => get<{ sessions: SessionInfo[] }>('/sessions'),
  endSession: (id: string) => change<never>('DELETE', `/sessions/${id}`),
  tokens: () => get<{ tokens: Token[] }>('/tokens'),
  addToken: (wanted: NewToken) =>
    changeAndRead<{ id: string; token: string }>('POST', '/tokens', wanted),
  endToken: (id: string) => change<never>('DELETE', `/tokens/${id}`),
  destinations: (signal?: AbortSignal) =>
    get<{ destinations: Destination[] }>('/destinations', signal),
  addDestination: (settings: DestinationSettings & { password?: string }) =>
    changeAndRead<{ id: string }>('POST', '/destinations', settings),
  changeDestination: (id: string, settings: DestinationSettings & { password?: string }) =>
    change<never>('PATCH', `/destinations/${id}`, settings),
  testDestination: (id: string) =>
    changeAndRead<{ id: string }>('POST', `/destinations/${id}/test`, {}),
  removeDestination: (id: string) => change<never>('DELETE', `/destinations/${id}`),
  // The newest first; all of them, or those before one.
  alarms: (isOpen: boolean, before = 0, signal?: AbortSignal) =>
    get<{ alarms: Alarm[] }>(`/alarms?is_open=${isOpen}&before_number=${before}`, signal),
  acknowledge: (number: number) => change<never>('POST', `/alarms/${number}/acknowledge`),
  incidents: (isOpen: boolean, signal?: AbortSignal) =>
    get<{ incidents: Incident[] }>(`/incidents?is_open=${isOpen}`, signal),
  incident: (number: number, signal?: AbortSignal) =>
    get<{ incidents?: Incident[]; notes: IncidentNote[] }>(`/incidents/${number}/notes`, signal),
  openIncident: (wish: { alarm?: number; title?: string; owner?: string }) =>
    changeAndRead<{ incidents: Incident[] }>('POST', '/incidents', wish),
  workOnIncident: (
    number: number,
    work: {
      step?: number;
      is_undone?: boolean;
      text?: string;
      has_owner?: boolean;
      owner?: string;
    },
  ) => change<never>('POST', `/incidents/${number}/notes`, work),
  endIncident: (number: number, outcome: string) =>
    change<never>('POST', `/incidents/${number}/end`, { outcome }),
  duties: (signal?: AbortSignal) => get<{ duties: Duty[] }>('/duties', signal),
  addDuty: (duty: DutyChange) =>
    changeAndRead<{ duties: Duty[] }>('POST', '/duties', duty),
  changeDuty: (number: number, duty: DutyChange) =>
    changeAndRead<{ duties: Duty[] }>('PATCH', `/duties/${number}`, duty),
  removeDuty: (number: number) => change<never>('DELETE', `/duties/${number}`),
  recordDuty: (number: number, result: DutyResult, note: string) =>
    change<never>('POST', `/duties/${number}/records`, { result, note }),
  // 0: of all duties
  dutyRecords: (number: number, signal?: AbortSignal) =>
    get<{ records: DutyRecord[] }>(`/duties/records?number=${number}`, signal),
  maintenances: (signal?: AbortSignal) =>
    get<{ maintenances: Maintenance[] }>('/maintenances', signal),
  beginMaintenance: (wish: { camera: string; from_us?: number; to_us: number; note: string }) =>
    changeAndRead<{ maintenances: Maintenance[] }>('POST', '/maintenances', wish),
  endMaintenance: (number: number) => change<never>('POST', `/maintenances/${number}/end`),
  // With a camera: its own answers alone.
  checklist: (signal?: AbortSignal, camera = '') =>
    get<Checklist>(camera === '' ? '/checklist' : `/checklist?camera=${camera}`, signal),
  evidence: (requirement: string, signal?: AbortSignal) =>
    get<EvidenceAnswer>(`/checklist/${encodeURIComponent(requirement)}/evidence`, signal),
  attest: (said: {
    requirement: string;
    state: AnswerState;
    camera?: string;
    document: string;
    note: string;
    until_us?: number;
  }) => change<unknown>('POST', '/attestations', said),
  withdraw: (number: number) => change<never>('POST', `/attestations/${number}/withdraw`),
  waive: (wish: { requirement: string; reason: string; until_us: number }) =>
    change<unknown>('POST', '/waivers', wish),
  endWaiver: (number: number) => change<never>('POST', `/waivers/${number}/end`),
  setProfile: (parts: string) => change<unknown>('POST', '/profile', { parts }),
  // The newest of each camera.
  audits: (signal?: AbortSignal) => get<{ audits: Audit[] }>('/audits', signal),
  auditNow: (id: string) => changeAndRead<{ audits: Audit[] }>('POST', '/audits', { camera: id }),
  stopAudit: (number: number) => change<never>('POST', `/audits/${number}/stop`),
  // Of one camera, with its newest audit; or of all, of one kind.
  facts: (id: string, signal?: AbortSignal) =>
    get<{ facts: Fact[]; audits?: Audit[] }>(`/facts?camera=${id}`, signal),
  factsOfKind: (kind: string, signal?: AbortSignal) =>
    get<{ facts: Fact[] }>(`/facts?kind=${kind}`, signal),
  snapshots: (id: string, signal?: AbortSignal) =>
    get<{ snapshots: Snapshot[]; checks?: MaintenanceCheck[] }>(`/snapshots?camera=${id}`, signal),
  differences: (id: string, from: number, to: number, signal?: AbortSignal) =>
    get<{ differences: Difference[] }>(
      `/differences?camera=${id}&from=${from}&to=${to}`,
      signal,
    ),
  makePlan: (wish: RemedyWish) => changeAndRead<{ plans: Plan[] }>('POST', '/plans', wish),
  plan: (id: string) => get<{ plans: Plan[]; steps?: PlanStep[] }>(`/plans/${id}`),
  runPlan: (id: string, password: string) =>
    changeAndRead<{ remedies: Remedy[] }>('POST', `/plans/${id}/run`, { password }),
  remedies: (id: string, signal?: AbortSignal) =>
    get<{ remedies: Remedy[] }>(`/remedies?camera=${id}`, signal),
  beginFirstAid: (id: string, alarm: number) =>
    changeAndRead<{ incidents: Incident[] }>('POST', '/incidents/first-aid', {
      camera: id,
      alarm,
    }),
  livePath: (id: string) => `wss://${location.host}${base}${camera(id)}/live`,
};
