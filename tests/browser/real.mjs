// Tests the page against a running recorder in Chromium, with the virtual camera of lab/ before it;
// prints TAP. All pictures must carry the burnt-in stamps (lab/README.md).
//
//   KOMAINU_ADDRESS     https://localhost:PORT
//   KOMAINU_TOKEN       one-time token; needed if the recorder is not set up yet
//   KOMAINU_NAME        of the administrator (default: admin)
//   KOMAINU_PASSWORD    (default: one that is made here, for a recorder not set up yet)
//   KOMAINU_CAMERA_URL  added through the page if given; else the first camera with pictures is used
//   KOMAINU_CAMERA_USER, KOMAINU_CAMERA_PASSWORD
//   KOMAINU_FPS         of that camera (default: 25)
//   KOMAINU_RECORDED_S  wait until so much is recorded (default: 30)
//   KOMAINU_SLACK_MS    how far the recorder's label of a picture may be from the camera's own clock
//                       beyond one picture (default: 0; the first seconds of a run know arrival only)
//   KOMAINU_SHOTS       directory for screenshots and the exported file (default: a temporary one)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, Tap, until, watchFaults } from './browser.mjs';
import {
  checkLive,
  checkNarrow,
  checkPlaying,
  checkSeek,
  checkSteps,
  exportRange,
  logIn,
  open,
  video,
  zoomTo,
} from './checks.mjs';

const environment = process.env;
const address = environment.KOMAINU_ADDRESS;
const name = environment.KOMAINU_NAME ?? 'admin';
const password = environment.KOMAINU_PASSWORD ?? 'lantern stone gate 4711';
const fps = Number(environment.KOMAINU_FPS ?? 25);
const frame_us = 1_000_000 / fps;
const slack_us = Number(environment.KOMAINU_SLACK_MS ?? 0) * 1000 + 2000;
const settle_us = 12_000_000;
const recorded_us = Number(environment.KOMAINU_RECORDED_S ?? 30) * 1_000_000;
const shots = environment.KOMAINU_SHOTS ?? mkdtempSync(join(tmpdir(), 'komainu-shots-'));
const places = [
  'today',
  'live',
  'recordings',
  'cameras',
  'alarms',
  'checklist',
  'duties',
  'journal',
  'people',
  'system',
];

if (!address) {
  console.error('KOMAINU_ADDRESS is not given');
  process.exit(2);
}
mkdirSync(shots, { recursive: true });

const tap = new Tap();

async function ask(page, path) {
  return page.evaluate(async (target) => (await fetch(`/api/v1${target}`)).json(), path);
}

async function enter(page) {
  await page.goto(address);
  await page.waitForSelector('input[name=password]');
  if ((await page.locator('input[name=token]').count()) === 0) {
    await logIn(page, address, name, password);
    tap.ok(true, 'logs in');
    return;
  }
  await page.fill('input[name=token]', environment.KOMAINU_TOKEN ?? '');
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', password);
  await page.fill('input[name=repeat]', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('nav a[aria-current]');
  tap.ok(true, 'sets up the first administrator');
  await page.click('.who > button');
  await page.waitForSelector('input[name=password]');
  await logIn(page, address, name, password);
  tap.ok(true, 'logs out and in again');
}

async function addCamera(page) {
  await open(page, 'cameras/new');
  await page.fill('input[name=name]', 'Lab camera');
  await page.fill('input[name=url]', environment.KOMAINU_CAMERA_URL);
  await page.fill('input[name=camera-user]', environment.KOMAINU_CAMERA_USER ?? '');
  await page.fill('input[name=camera-password]', environment.KOMAINU_CAMERA_PASSWORD ?? '');
  await page.click('button[type=submit]');
  await page.waitForFunction(() => /^#\/cameras\/[0-9a-f-]{36}$/.test(location.hash));
  tap.ok(true, 'a camera is added through the page');
  return (await page.evaluate(() => location.hash)).split('/').at(-1);
}

// The camera to look at, once enough of it is recorded.
async function cameraWithPictures(page, wished) {
  return until(
    async () => {
      const { cameras } = await ask(page, '/status');
      return cameras.find(
        (camera) =>
          (wished === undefined || camera.id === wished) &&
          camera.state === 'streaming' &&
          camera.last_us !== null &&
          camera.last_us - camera.oldest_us > recorded_us &&
          camera.tracks.some((track) => track.codec_text?.startsWith('avc')),
      );
    },
    'a camera with recordings',
    recorded_us / 1000 + 60_000,
  );
}

// Distances need no common clock: what lies between two moments lies between their pictures.
function checkDistances(seen) {
  const worst = seen.slice(1).map((one, i) => {
    const asked = (one.asked_us - seen[i].asked_us) / frame_us;
    return Math.abs(one.number - seen[i].number - asked);
  });
  tap.ok(
    Math.max(...worst) <= 1.1,
    'distances on the timeline are distances in pictures',
    worst.map((w) => w.toFixed(2)).join(' '),
  );
}

// The longest time without a gap, after the seconds in which the recorder knows only when packets
// arrived, and not yet the camera's own clock.
async function longestRange(page, camera) {
  const query = `from=${camera.oldest_us}&to=${camera.last_us}&resolution=16000`;
  const { recorded } = await ask(page, `/cameras/${camera.id}/timeline?${query}`);
  const sorted = recorded.sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
  tap.ok(sorted.length === 1, 'the recording has no gap', `${sorted.length} ranges`);
  const settled = sorted.map(([from, to]) => [Math.max(from, camera.oldest_us + settle_us), to]);
  return settled.sort((a, b) => b[1] - b[0] - (a[1] - a[0]))[0];
}

async function testRecordings(page, camera) {
  await open(page, `recordings/${camera.id}`);
  const element = video(page, camera.id);
  const standing = () => element.evaluate((node) => `${node.dataset.standing} ${node.readyState}`);
  await until(async () => Number((await standing()).split(' ')[1]) >= 2, 'a picture', 10_000, standing);
  tap.ok(true, 'recordings open with a picture');
  const [from_us, to_us] = await longestRange(page, camera);
  await zoomTo(page, (from_us + to_us) / 2, Math.min(8_000_000, (to_us - from_us) * 0.7));
  const seen = [];
  for (const part of [0.3, 0.7, 0.5, 0.55, 0.2]) {
    seen.push(await checkSeek(tap, page, camera.id, part, frame_us, `click at ${part}`, slack_us));
  }
  const times = seen.map((one) => Math.round(one.ms));
  tap.ok(Math.max(...times) < 200, 'click to seek under 200 ms', times.join(' '));
  checkDistances(seen);
  await checkSteps(tap, page, camera.id);
  await checkPlaying(tap, page, camera.id, 1, 3000);
}

function testFile(path, seconds) {
  const text = execFileSync('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration:stream=codec_type,codec_name',
    '-of',
    'json',
    path,
  ]).toString();
  const { format, streams } = JSON.parse(text);
  const length = Number(format.duration);
  tap.ok(
    streams.some((stream) => stream.codec_type === 'video'),
    'the exported file has pictures',
    path,
  );
  tap.ok(
    length > seconds - 1 && length < seconds + 12,
    'the exported file is as long as the range',
    `${length} s`,
  );
  execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-']);
  tap.ok(true, 'the exported file decodes without an error');
}

// What was done here stands in the journal, and the review of it too.
async function testJournal(page) {
  await open(page, 'journal');
  await page.waitForSelector('table.list tbody tr');
  tap.ok(await page.isVisible('.state.good'), 'the journal is whole');
  await page.selectOption('select[name=kind]', 'logins');
  await page.click('form[role=search] button[type=submit]');
  await page.waitForSelector('table.list tbody tr:has-text("Login")');
  await page.click('form:has(input[name=note]) button[type=submit]');
  tap.ok(await page.isVisible('.field.wrong input[name=note]'), 'a review wants a note');
  await page.fill('input[name=note]', 'looked at all logins');
  await page.click('form:has(input[name=note]) button[type=submit]');
  await page.waitForSelector('.card p:has-text("looked at all logins")');
  await page.click('form[role=search] button[type=button]');
  await page.waitForSelector('table.list tr:has-text("looked at all logins")');
  tap.ok(true, 'the review stands in the journal');
}

async function takeShots(look, options) {
  const { page, close } = await launch(options);
  const faults = watchFaults(page);
  await logIn(page, address, name, password);
  for (const place of places) {
    await open(page, place);
    await page.waitForTimeout(2000);
    await page.screenshot({ path: join(shots, `${look}-${place}.png`) });
    if (options.isMobile) {
      await checkNarrow(tap, page, `${place} ${look}`);
    }
  }
  tap.ok(faults.length === 0, `${look}: no fault on any page`, faults.slice(0, 3).join(' | '));
  await close();
}

const { page, close } = await launch({ locale: 'en-GB', timezoneId: 'Asia/Tokyo' });
const faults = watchFaults(page);
await tap.step('enter', () => enter(page));
await tap.step('camera', async () => {
  const added = environment.KOMAINU_CAMERA_URL ? await addCamera(page) : undefined;
  const camera = await cameraWithPictures(page, added);
  await tap.step('live', () => checkLive(tap, page, camera.id, fps));
  await tap.step('recordings', async () =>
    testRecordings(page, await cameraWithPictures(page, camera.id)),
  );
  await tap.step('export', async () => {
    const path = join(shots, 'export.mp4');
    await exportRange(page, 8_000_000, path);
    testFile(path, 8);
  });
});
await tap.step('journal', () => testJournal(page));
tap.ok(
  faults.length === 0,
  'no error in the page, no breach of its policy',
  faults.slice(0, 3).join(' | '),
);
await close();
await tap.step('desktop', () =>
  takeShots('desktop-ja', { locale: 'ja-JP', timezoneId: 'Asia/Tokyo' }),
);
await tap.step('phone', () =>
  takeShots('phone-en', {
    locale: 'en-GB',
    colorScheme: 'dark',
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  }),
);
console.log(`# screenshots: ${shots}`);
tap.end();
