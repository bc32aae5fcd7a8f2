// A recorder made of cardboard: the page's assets and an API of the same shape, with pictures that
// ffmpeg makes now. It lets the page be built and tested without the real one.
// usage: node mock-server.mjs [--port N] [--page DIRECTORY] [--setup]
import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Audits } from './mock-audit.mjs';
import { Care } from './mock-care.mjs';
import { People } from './mock-people.mjs';
import { MockChecklist } from './mock-checklist.mjs';
import { Encoder, frame_us, gop, height, rate, retimed, timescale, width } from './footage.mjs';

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const segment_us = 60 * second;
const h264 = 'video/mp4; codecs="avc1.42c01e"';
const h265 = 'video/mp4; codecs="hvc1.1.6.L93.B0"';
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Pictures of the first minute that are not stored, though their segment is.
export const missing = { from: 10 * gop, to: 11 * gop };

const nowUs = () => Date.now() * 1000;
const uuid = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'komainu-mock-'));
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const options =
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ${key} -out ${cert} ` +
    '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1';
  execFileSync('openssl', options.split(' '), { stdio: 'ignore' });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return pair;
}

// Segments of one minute made of the encoder's pictures; all cameras share them.
class Recording {
  constructor() {
    this.segments = [];
    this.init = Buffer.alloc(0);
    this.open = undefined;
    this.pending = [];
  }

  add(fragment, wall_us, isKey) {
    if (isKey) {
      this.flush();
      if (!this.open || wall_us - this.open.start_us >= segment_us) {
        this.close();
        this.open = {
          id: uuid(1000 + this.segments.length),
          start_us: wall_us,
          open: true,
          media: [],
          bytes: 0,
          chunks: [],
        };
        this.segments.push(this.open);
      }
    }
    const ticks = Math.round(((wall_us - this.open.start_us) * timescale) / second);
    this.pending.push({ bytes: retimed(fragment, ticks), wall_us });
  }

  // A GOP is one chunk.
  flush() {
    if (this.open && this.pending.length > 0) {
      const bytes = Buffer.concat(this.pending.map((one) => one.bytes));
      const start = this.pending[0].wall_us;
      const end_us = this.pending.at(-1).wall_us + frame_us;
      this.open.chunks.push([this.open.bytes, bytes.length, start, end_us - start, 1]);
      this.open.media.push(bytes);
      this.open.bytes += bytes.length;
    }
    this.pending = [];
  }

  close() {
    if (this.open) {
      this.open.open = false;
      this.open = undefined;
    }
  }

  get newest_us() {
    const last = this.segments.findLast((segment) => segment.chunks.length > 0);
    return last ? endOf(last) : 0;
  }
}

function endOf(segment) {
  const last = segment.chunks.at(-1);
  return last ? last[2] + last[3] : segment.start_us;
}

export class MockServer {
  constructor(options = {}) {
    this.page = resolve(
      options.page ?? join(dirname(fileURLToPath(import.meta.url)), '../../build/ui/page'),
    );
    this.needsSetup = options.setup ?? false;
    this.token = 'mock-token';
    this.password = 'correct horse battery';
    this.sessions = new Map();
    this.failures = 0;
    this.lockedUntil = 0;
    this.viewers = new Set();
    this.recording = new Recording();
    this.history_s = options.history_s ?? 130;
    this.started_us = nowUs() - 3 * day - 4 * hour;
    this.requests = [];
  }

  async start(port = 0) {
    await this.makeHistory();
    this.makeCameras();
    this.care = new Care(this.cameras);
    this.people = new People();
    this.checklist = new MockChecklist(this.cameras);
    this.audits = new Audits(this.cameras, this.care);
    this.startLive();
    this.server = createServer(certificate(), (request, response) => {
      this.answer(request, response).catch((reason) => {
        console.error(reason);
        response.destroy();
      });
    });
    this.server.on('upgrade', (request, socket) => this.upgrade(request, socket));
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    return `https://localhost:${this.server.address().port}`;
  }

  async stop() {
    clearInterval(this.liveTimer);
    this.live.stop();
    for (const viewer of this.viewers) {
      viewer.socket.destroy();
    }
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  // Past minutes, encoded as fast as it goes.
  async makeHistory() {
    const frames = this.history_s * rate;
    const start_us = Math.floor(nowUs() / second) * second - this.history_s * second - 20 * second;
    const encoder = new Encoder(
      (init) => (this.recording.init = init),
      (bytes, n) => {
        // A GOP that was lost, in the middle of a segment.
        if (n < missing.from || n >= missing.to) {
          this.recording.add(bytes, start_us + n * frame_us, n % gop === 0);
        }
      },
    );
    for (let n = 0; n < frames; n++) {
      await encoder.write((start_us + n * frame_us) / 1000);
    }
    await encoder.finish();
    this.recording.flush();
    this.recording.close();
    this.history = { start_us, end_us: start_us + frames * frame_us };
  }

  startLive() {
    const start_us = nowUs();
    this.liveStart_us = start_us;
    this.gopSoFar = [];
    this.live = new Encoder(
      () => undefined,
      (bytes, n) => {
        const isKey = n % gop === 0;
        this.recording.add(bytes, start_us + n * frame_us, isKey);
        this.gopSoFar = isKey ? [] : this.gopSoFar;
        this.gopSoFar.push({ bytes, n });
        for (const viewer of this.viewers) {
          viewer.frame(bytes, n);
        }
      },
    );
    this.liveTimer = setInterval(() => {
      const pipe = this.live.child.stdin;
      while (!pipe.writableNeedDrain && start_us + this.live.number * frame_us <= nowUs()) {
        void this.live.write((start_us + this.live.number * frame_us) / 1000);
      }
    }, 10);
  }

  makeCameras() {
    const video = {
      kind: 'video',
      codec: 'H.264',
      codec_text: 'avc1.42c01e',
      width,
      height,
      fps: rate,
    };
    const base = {
      user: 'viewer',
      enabled: true,
      transport: 'auto',
      allow_basic: false,
      pin: '',
      retain_us: 30 * day,
      retain_bytes: 0,
      state: 'streaming',
      since_us: nowUs() - 5 * hour,
      frames_received: 451_203,
      frames_stored: 451_180,
      bytes_received: 9_812_345_678,
      bytes_stored: 9_790_000_000,
      kept_bytes: 412_345_678_901,
      oldest_us: nowUs() - 28 * day,
      last_us: nowUs(),
      gaps: 3,
      lost: 12,
      damaged: 0,
      reconnects: 2,
      clock_offset_us: 120_000,
      error: '',
      active_transport: 'RTSP over TCP',
      authentication: 'Digest SHA-256',
      tracks: [video],
      mime: h264,
    };
    const names =
      process.env.MOCK_LANGUAGE === 'en'
        ? ['Entrance', 'Car park', 'Corridor 2F', 'Warehouse', 'Back gate', 'Reception']
        : ['玄関', '駐車場', '2階廊下', '倉庫', '裏門', '受付'];
    const make = (n, more) => ({
      ...base,
      id: uuid(n + 1),
      name: names[n],
      url: `rtsp://192.0.2.${11 + n}/stream1`,
      ...more,
    });
    this.cameras = [
      make(0, {}),
      make(1, {
        kept_bytes: 98_765_432_100,
        oldest_us: nowUs() - 9 * day,
        clock_offset_us: 8_400_000,
      }),
      make(2, {
        tracks: [
          { ...video, codec: 'H.265', codec_text: 'hvc1.1.6.L93.B0', width: 2560, height: 1440 },
        ],
        mime: h265,
      }),
      make(3, {
        state: 'waiting',
        since_us: nowUs() - 42 * minute,
        last_us: nowUs() - 42 * minute,
        tracks: [],
        error: 'connect to 192.0.2.14:554: no route to host',
        active_transport: '',
        authentication: '',
      }),
      make(4, {
        state: 'refused',
        since_us: nowUs() - 3 * hour,
        last_us: nowUs() - 3 * hour,
        url: 'rtsps://192.0.2.15/stream1',
        error: 'DESCRIBE: 401 Unauthorized, the camera did not accept the user name or password',
        tracks: [],
      }),
      make(5, {
        state: 'off',
        enabled: false,
        kept_bytes: 1_234_567_890,
        oldest_us: nowUs() - 28 * day,
        last_us: nowUs() - 2 * day,
      }),
    ];
  }

  // Recorded ranges and gaps of one camera over all its time.
  coverage(camera) {
    if (camera.oldest_us === null) {
      return { recorded: [], gaps: [] };
    }
    const anchor = this.history.start_us;
    const seed = Number(camera.id.at(-1));
    const reasons = [
      'camera_lost',
      'packets_lost',
      'recorder_down',
      'clock_step',
      'disk_slow',
      'damaged',
    ];
    const gaps = [];
    for (let i = 1; i < 60; i++) {
      const from = anchor - i * (7 + seed) * hour - ((i * 37 + seed * 11) % 60) * minute;
      const size = [40 * second, 12 * minute, 3 * second, 2 * hour, 90 * second][(i + seed) % 5];
      gaps.push({
        from_us: from,
        to_us: from + size,
        reason: reasons[(i * 5 + seed) % 6],
        lost: (i % 3) * 41,
      });
    }
    const isLive = camera.state === 'streaming';
    const end = isLive ? this.recording.newest_us : camera.last_us;
    if (isLive) {
      const live = this.recording.segments.find((s) => s.start_us >= this.liveStart_us);
      gaps.push({
        from_us: this.history.end_us,
        to_us: live?.start_us ?? nowUs(),
        reason: 'recorder_down',
        lost: 0,
      });
    } else if (camera.state !== 'off') {
      gaps.push({ from_us: end, to_us: nowUs(), reason: 'camera_lost', lost: 0 });
    } else {
      gaps.push({ from_us: end, to_us: nowUs(), reason: 'camera_off', lost: 0 });
    }
    const inside = gaps
      .filter((gap) => gap.from_us > camera.oldest_us && gap.from_us <= end)
      .sort((a, b) => a.from_us - b.from_us);
    const recorded = [];
    let from = camera.oldest_us;
    for (const gap of inside) {
      if (gap.from_us > from) {
        recorded.push([from, gap.from_us]);
      }
      from = Math.max(from, gap.to_us);
    }
    if (end > from) {
      recorded.push([from, end]);
    }
    return { recorded, gaps: inside };
  }

  segmentsOf(camera, from, to) {
    const found = [];
    const { recorded } = this.coverage(camera);
    const canned = this.recording.segments[0];
    for (const [start, end] of recorded) {
      const last = Math.min(end, to, this.history.start_us);
      for (let at = Math.max(start, Math.floor(from / minute) * minute); at < last; at += minute) {
        const shift = at - canned.start_us;
        found.push({
          ...canned,
          id: `old-${at}`,
          start_us: at,
          open: false,
          chunks: canned.chunks
            .map(([o, s, us, d, k]) => [o, s, us + shift, d, k])
            .filter((c) => c[2] < end),
        });
      }
    }
    if (camera.state === 'streaming') {
      found.push(...this.recording.segments.filter((s) => s.start_us < to && endOf(s) > from));
    }
    return found.map((s) => ({
      id: s.id,
      start_us: s.start_us,
      end_us: endOf(s),
      open: s.open,
      mime: camera.mime,
      width,
      height,
      init_bytes: this.recording.init.length,
      media_bytes: s.bytes,
      chunks: s.chunks,
    }));
  }

  cameraNow(camera) {
    const { mime, ...shown } = camera;
    return camera.state === 'streaming'
      ? {
          ...shown,
          last_us: this.recording.newest_us,
          frames_received: camera.frames_received + this.live.number,
        }
      : shown;
  }

  status() {
    const role = (name, n, restarts = 0) => ({
      role: name,
      instance: 0,
      pid: 4100 + n,
      ready: true,
      restarts,
      started_us: this.started_us,
      kernel: 'landlock 7, seccomp, no new privileges, own user',
    });
    return {
      version: '0.1.0-mock',
      started_us: this.started_us,
      storage: {
        state: 'ok',
        total_bytes: 3_840_000_000_000,
        free_bytes: 2_410_000_000_000,
        kept_bytes: 1_180_000_000_000,
        error: '',
      },
      cameras: this.cameras.map((camera) => this.cameraNow(camera)),
      roles: [role('guard', 0), role('receiver', 1, 1), role('writer', 2), role('web', 3)],
    };
  }

  async answer(request, response) {
    const url = new URL(request.url, 'https://mock');
    this.requests.push(`${request.method} ${url.pathname}`);
    if (!url.pathname.startsWith('/api/v1/')) {
      this.asset(url.pathname, response);
      return;
    }
    const path = url.pathname.slice('/api/v1'.length);
    const body = await readBody(request);
    const json = (status, value, headers = {}) => {
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        ...headers,
      });
      response.end(value === undefined ? '' : JSON.stringify(value));
    };
    const fail = (status, code, message, more = {}) =>
      json(status, { error: { code, message, ...more } });
    if (path === '/hello') {
      return json(200, {
        product: 'komainu',
        version: '0.1.0-mock',
        setup_required: this.needsSetup,
      });
    }
    if (path === '/setup' || (path === '/session' && request.method === 'POST')) {
      return this.enter(path, body, json, fail);
    }
    const session = this.sessions.get(
      /__Host-komainu=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1],
    );
    if (!session) {
      return fail(401, 'not_logged_in', 'no session');
    }
    if (request.method !== 'GET' && request.headers['x-komainu-csrf'] !== session.csrf) {
      return fail(403, 'csrf', 'wrong token');
    }
    return this.inside({ request, response, url, path, body, json, fail, session });
  }

  enter(path, body, json, fail) {
    if (path === '/setup') {
      if (body.token !== this.token) {
        return fail(403, 'denied', 'wrong token', { field: 'token' });
      }
      this.needsSetup = false;
      this.password = body.password;
    } else if (Date.now() < this.lockedUntil) {
      return fail(429, 'locked', 'locked', {
        retry_after_s: Math.ceil((this.lockedUntil - Date.now()) / 1000),
      });
    } else if (body.password !== this.password) {
      this.failures++;
      if (this.failures >= 3) {
        this.failures = 0;
        this.lockedUntil = Date.now() + 90_000;
        return fail(429, 'locked', 'locked', { retry_after_s: 90 });
      }
      return fail(401, 'login_failed', 'wrong name or password');
    }
    const id = randomBytes(16).toString('hex');
    const session = {
      account: { id: uuid(9), name: body.name, role: 'administrator' },
      csrf: randomBytes(16).toString('hex'),
      expires_us: nowUs() + 12 * hour,
      now_us: nowUs(),
    };
    this.sessions.set(id, session);
    return json(200, session, {
      'Set-Cookie': `__Host-komainu=${id}; Secure; HttpOnly; SameSite=Strict; Path=/`,
    });
  }

  journal(what, url, body, json) {
    if (what === 'reviews') {
      this.review = { number: body.until_number, note: body.note };
      return json(204);
    }
    if (what === 'state') {
      return json(200, {
        state: 'ok',
        problem: '',
        entries: 3,
        signed_number: 3,
        signed_us: nowUs() - hour,
        verified_number: 3,
        verified_us: nowUs() - hour,
        reviewed_number: this.review?.number ?? 0,
        reviewed_us: this.review ? nowUs() : null,
        reviewed_by: this.review ? 'admin' : '',
        review_note: this.review?.note ?? '',
        public_key: '00'.repeat(32),
      });
    }
    const entries = ['camera_lost', 'login', 'started'].map((event, place) => ({
      number: 3 - place,
      at_us: nowUs() - (place + 1) * hour,
      monotonic_us: hour,
      event,
      camera: null,
      camera_name: '',
      account: event === 'login' ? uuid(9) : null,
      account_name: event === 'login' ? 'admin' : '',
      text: `${event} as the recorder tells it`,
    }));
    const wanted = url.searchParams.get('events')?.split(',');
    return json(200, {
      entries: entries.filter(({ event }) => !wanted || wanted.includes(event)),
      pages: [{ next_number: 0 }],
    });
  }

  inside(context) {
    const { request, response, url, path, body, json, fail, session } = context;
    const [, kind, id, what] = path.split('/');
    const camera = kind === 'cameras' ? this.cameras.find((known) => known.id === id) : undefined;
    const from = Number(url.searchParams.get('from'));
    const to = Number(url.searchParams.get('to'));
    if (path === '/session') {
      if (request.method === 'DELETE') {
        this.sessions.clear();
        return json(204);
      }
      return json(200, { ...session, now_us: nowUs() });
    }
    if (path === '/status') {
      return json(200, this.status());
    }
    if (kind === 'journal') {
      return this.journal(id, url, body, json);
    }
    if (path === '/certificates') {
      return json(200, { certificates: [] });
    }
    if (path === '/listeners') {
      return json(200, {
        listeners: [
          {
            protocol: 'tcp6',
            address: '[::]:8443',
            role: 'web',
            pid: 7,
            verdict: 'expected',
            reason: 'HTTPS: the page and the API',
          },
        ],
      });
    }
    if (path === '/parts') {
      const part = { package: '', package_version: '', architecture: '' };
      return json(200, {
        parts: [
          { ...part, program: 'komainu-web', name: 'komainu-web', version: '0.1.0' },
          { ...part, program: 'komainu-web', name: 'libuv.so.1', version: '1.44.2' },
        ],
      });
    }
    if (path === '/cameras' && request.method === 'POST') {
      const made = {
        ...this.cameras[3],
        state: 'connecting',
        since_us: nowUs(),
        error: '',
        oldest_us: null,
        last_us: null,
        kept_bytes: 0,
        ...body,
        id: uuid(100 + this.cameras.length),
      };
      this.cameras.push(made);
      return json(201, { id: made.id });
    }
    if (this.people.knows(kind)) {
      return this.people.answer({ ...context, kind, id, what });
    }
    if (this.audits.knows(kind)) {
      return this.audits.answer({ ...context, kind, id, what });
    }
    if (this.care.knows(kind)) {
      return this.care.answer({ ...context, kind, id, what });
    }
    if (this.checklist.knows(kind)) {
      return this.checklist.answer({ ...context, kind, id, what });
    }
    if (kind === 'segments') {
      return this.media(id, what, request, response, fail);
    }
    if (!camera) {
      return fail(404, 'not_found', 'no such camera');
    }
    switch (what) {
      case undefined:
        return this.oneCamera(camera, request.method, body, json);
      case 'timeline': {
        const all = this.coverage(camera);
        const clip = ([a, b]) => [Math.max(a, from), Math.min(b, to)];
        return json(200, {
          from_us: from,
          to_us: to,
          recorded: all.recorded.filter(([a, b]) => b > from && a < to).map(clip),
          gaps: all.gaps.filter((gap) => gap.to_us > from && gap.from_us < to),
        });
      }
      case 'segments':
        return json(200, { segments: this.segmentsOf(camera, from, to) });
      case 'export.mp4':
        return this.exported(camera, from, to, response, fail);
      default:
        return fail(404, 'not_found', 'no such thing');
    }
  }

  oneCamera(camera, method, body, json) {
    if (method === 'PATCH') {
      Object.assign(camera, body);
      return json(200, this.cameraNow(camera));
    }
    if (method === 'DELETE') {
      this.cameras = this.cameras.filter((known) => known !== camera);
      return json(204);
    }
    return json(200, this.cameraNow(camera));
  }

  media(id, what, request, response, fail) {
    const segment = id.startsWith('old-')
      ? this.recording.segments[0]
      : this.recording.segments.find((s) => s.id === id);
    if (!segment) {
      return fail(404, 'not_found', 'no such segment');
    }
    if (what === 'init.mp4') {
      response.writeHead(200, {
        'Content-Type': 'video/mp4',
        'Cache-Control': 'private, immutable, max-age=31536000',
      });
      return response.end(this.recording.init);
    }
    const all = Buffer.concat(segment.media);
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const part = all.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, {
      'Content-Type': 'video/mp4',
      'Content-Length': part.length,
      'Content-Range': `bytes ${first}-${last}/${all.length}`,
    });
    return response.end(part);
  }

  // Not a progressive file as the recorder's, but playable and of known length.
  exported(camera, from, to, response, fail) {
    const parts = [this.recording.init];
    let ticks = 0;
    for (const segment of this.segmentsOf(camera, from, to)) {
      const source = segment.id.startsWith('old-')
        ? this.recording.segments[0]
        : this.recording.segments.find((s) => s.id === segment.id);
      segment.chunks.forEach((chunk, i) => {
        if (chunk[2] + chunk[3] > from && chunk[2] < to) {
          parts.push(source.media[i]);
          ticks += chunk[3];
        }
      });
    }
    if (ticks === 0) {
      return fail(404, 'not_found', 'nothing recorded in this range');
    }
    const file = Buffer.concat(parts);
    response.writeHead(200, {
      'Content-Type': 'video/mp4',
      'Content-Length': file.length,
      'Content-Disposition': 'attachment; filename="export.mp4"',
    });
    return response.end(file);
  }

  asset(path, response) {
    try {
      const name = path === '/' ? '/index.html' : path;
      const bytes = readFileSync(join(this.page, resolve('/', name)));
      response.writeHead(200, {
        'Content-Type': types[extname(name)] ?? 'application/octet-stream',
        'Content-Security-Policy': policy,
        'X-Content-Type-Options': 'nosniff',
      });
      response.end(bytes);
    } catch {
      response.writeHead(404, { 'Content-Security-Policy': policy });
      response.end();
    }
  }

  upgrade(request, socket) {
    const id = /\/cameras\/([^/]+)\/live$/.exec(new URL(request.url, 'https://mock').pathname)?.[1];
    const camera = this.cameras.find((known) => known.id === id);
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    if (!camera) {
      socket.destroy();
      return;
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: komainu-live\r\n\r\n`,
    );
    const viewer = new Viewer(socket, this, camera);
    this.viewers.add(viewer);
    for (const event of ['close', 'error', 'end']) {
      socket.on(event, () => this.viewers.delete(viewer));
    }
    socket.on('data', (bytes) => {
      if ((bytes[0] & 15) === 8) {
        socket.end();
      }
    });
    viewer.begin();
  }
}

// One live connection [RFC 6455 5.2]; the server's frames are not masked.
class Viewer {
  constructor(socket, server, camera) {
    Object.assign(this, { socket, server, camera, first: undefined });
  }

  send(kind, bytes) {
    const size = bytes.length;
    const head =
      size < 126
        ? Buffer.from([0x80 | kind, size])
        : size < 65536
          ? Buffer.from([0x80 | kind, 126, size >> 8, size & 255])
          : Buffer.from([
              0x80 | kind,
              127,
              0,
              0,
              0,
              0,
              size >>> 24,
              (size >> 16) & 255,
              (size >> 8) & 255,
              size & 255,
            ]);
    this.socket.write(Buffer.concat([head, bytes]));
  }

  say(message) {
    this.send(1, Buffer.from(JSON.stringify(message)));
  }

  begin() {
    const { camera, server } = this;
    if (camera.state !== 'streaming') {
      this.say({ kind: 'waiting', state: camera.state, error: camera.error });
      return;
    }
    this.say({
      kind: 'init',
      mime: camera.mime,
      width,
      height,
      supported_hint: camera.mime === h265 ? 'h265' : 'h264',
    });
    this.send(2, server.recording.init);
    for (const { bytes, n } of server.gopSoFar) {
      this.frame(bytes, n);
    }
  }

  frame(bytes, n) {
    if (this.camera.state !== 'streaming' || (this.first === undefined && n % gop !== 0)) {
      return;
    }
    const since = n - (this.first ?? n);
    if (since % (5 * rate) === 0) {
      this.say({
        kind: 'label',
        unix_us: this.server.liveStart_us + n * frame_us,
        media_us: since * frame_us,
      });
    }
    this.first ??= n;
    this.send(2, retimed(bytes, (since * timescale) / rate));
  }
}

function readBody(request) {
  return new Promise((done) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () =>
      done(parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString()) : {}),
    );
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const server = new MockServer({ page: option('page'), setup: process.argv.includes('--setup') });
  const address = await server.start(Number(option('port') ?? 8443));
  console.log(`${address}  any name, password "${server.password}", token "${server.token}"`);
}
