// Tests the built page in Chromium against the mock server; prints TAP.
// usage: node mock.mjs [--shots DIRECTORY]
import { mkdirSync } from 'node:fs';
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
  readStamp,
  shownWall,
  video,
  zoomTo,
} from './checks.mjs';
import { frame_us, rate } from './footage.mjs';
import { missing, MockServer } from './mock-server.mjs';

const shotsAt = process.argv.indexOf('--shots');
const shots = shotsAt < 0 ? undefined : process.argv[shotsAt + 1];
const places = [
  'today',
  'live',
  'recordings',
  'cameras',
  'alarms',
  'checklist',
  'duties',
  'journal',
  'system',
];
const entrance = '00000000-0000-4000-8000-000000000001';
const parking = '00000000-0000-4000-8000-000000000002';
const corridor = '00000000-0000-4000-8000-000000000003';

const tap = new Tap();
const server = new MockServer({ setup: true });
const address = await server.start();

async function shoot(page, name) {
  if (shots) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name}.png`) });
  }
}

async function testDoor(page) {
  await tap.step('set-up', async () => {
    await page.goto(address);
    await page.fill('input[name=token]', 'wrong');
    await page.fill('input[name=name]', 'admin');
    await page.fill('input[name=password]', 'short');
    await page.fill('input[name=repeat]', 'other');
    await page.click('button[type=submit]');
    tap.ok(
      (await page.locator('.field-error').count()) === 2,
      'set-up names what is wrong before it asks the recorder',
    );
    await shoot(page, 'setup-wrong');
    await page.fill('input[name=password]', server.password);
    await page.fill('input[name=repeat]', server.password);
    await page.click('button[type=submit]');
    await page.waitForSelector('.field.wrong input[name=token]');
    tap.ok(true, 'a wrong token is shown at its field');
    await page.fill('input[name=token]', server.token);
    await page.click('button[type=submit]');
    await page.waitForSelector('nav');
    tap.ok(true, 'set-up leads inside');
    await page.click('.who > button');
    await page.waitForSelector('input[name=password]');
    tap.ok(true, 'log out leads to the login');
  });
  await tap.step('lock', async () => {
    for (let i = 0; i < 3; i++) {
      await page.fill('input[name=name]', 'admin');
      await page.fill('input[name=password]', 'wrong');
      await page.click('button[type=submit]');
      await page.waitForSelector('.notice.bad');
      await until(async () => (await page.inputValue('input[name=password]')) === '', 'the answer');
    }
    const text = await page.textContent('.notice.bad');
    tap.ok(/1 min \d+ s|1 min/.test(text), 'a locked login says how long', text);
    await shoot(page, 'login-locked');
    server.lockedUntil = 0;
  });
}

async function testLive(page) {
  await tap.step('live', () => checkLive(tap, page, entrance, rate));
  await tap.step('unsupported', async () => {
    await open(page, `live/${corridor}`);
    const link = await page.waitForSelector('.unsupported a');
    tap.ok(
      (await link.getAttribute('href')).includes('hls.m3u8'),
      'H.265 says so plainly, with the HLS link',
    );
  });
  await tap.step('wall', async () => {
    await open(page, 'live');
    await until(
      async () => (await readStamp(video(page, parking))).number,
      'the second camera in the wall',
    );
    await page.click(`video[data-camera="${parking}"] ~ .cover`);
    await page.waitForSelector('.tile.large');
    tap.ok(true, 'a click in the wall shows a camera large');
  });
}

async function testRecordings(page) {
  const { history } = server;
  await tap.step('recordings', async () => {
    await open(page, 'recordings');
    await until(
      () => video(page, entrance).evaluate((node) => node.readyState >= 2),
      'the newest picture',
    );
    tap.ok(true, 'recordings open with the newest picture');
    await zoomTo(page, history.start_us + 58_000_000, 8_000_000);
    const times = [];
    for (const part of [0.31, 0.77, 0.52, 0.55, 0.12, 0.9]) {
      const seen = await checkSeek(tap, page, entrance, part, frame_us, `click at ${part}`);
      times.push(seen.ms);
    }
    tap.ok(
      Math.max(...times) < 200,
      'click to seek under 200 ms',
      times.map((ms) => Math.round(ms)).join(' '),
    );
    await checkSteps(tap, page, entrance);
    await checkPlaying(tap, page, entrance, 1, 3000);
    await checkPlaying(tap, page, entrance, 4, 3000);
    await checkPlaying(tap, page, entrance, 16, 2500);
  });
  await tap.step('speed', async () => {
    await zoomTo(page, history.start_us + 10_000_000, 60_000_000);
    const began = Date.now();
    await page.keyboard.press('Shift+ArrowRight');
    await until(
      async () =>
        await video(page, entrance).evaluate((node) => !node.seeking && node.readyState >= 2),
      'jump',
    );
    tap.ok(Date.now() - began < 1000, 'a jump by key is quick', `${Date.now() - began} ms`);
  });
  await tap.step('gap', async () => {
    await zoomTo(page, history.end_us - 2_000_000, 60_000_000);
    await page.locator('.timeline').focus();
    await page.keyboard.press(' ');
    await until(
      async () => (await shownWall(page)) > server.liveStart_us,
      'the other side of the gap',
      15_000,
    );
    const note = await page.textContent('.moment-shown');
    tap.ok(/Skipped/.test(note), 'playing goes over a gap and says so', note);
    const wall = await shownWall(page);
    await page.waitForTimeout(1500);
    tap.ok((await shownWall(page)) > wall + 900_000, 'and plays on after it');
    await page.keyboard.press(' ');
  });
  await tap.step('hole', async () => {
    const from_us = history.start_us + missing.from * frame_us;
    await zoomTo(page, from_us, 8_000_000);
    const view = await page
      .locator('.timeline')
      .evaluate((node) => [+node.dataset.from, +node.dataset.to]);
    const box = await page.locator('.timeline canvas').boundingBox();
    const part = (from_us + 700_000 - view[0]) / (view[1] - view[0]);
    await page.mouse.click(box.x + box.width * part, box.y + 60);
    const after_us = history.start_us + missing.to * frame_us;
    await until(
      async () => (await shownWall(page)) > after_us + 500_000,
      'what comes after the hole',
    );
    const { number } = await readStamp(video(page, entrance));
    tap.ok(
      number >= missing.to,
      'a click where a segment lacks pictures goes on after them',
      String(number),
    );
    await page.keyboard.press(' ');
  });
  await tap.step('edge', async () => {
    await page.keyboard.press('End');
    await page.waitForTimeout(7000);
    const lag = Date.now() * 1000 - (await shownWall(page));
    tap.ok(
      lag < 8_000_000,
      'playing follows what is being recorded',
      `${(lag / 1e6).toFixed(1)} s behind now`,
    );
    await page.keyboard.press(' ');
  });
  await tap.step('export', async () => {
    await zoomTo(page, history.start_us + 20_000_000, 60_000_000);
    await exportRange(
      page,
      10_000_000,
      join(process.env.TMPDIR ?? '/tmp', `komainu-mock-${process.pid}.mp4`),
    );
    tap.ok(true, 'a range is exported');
    await shoot(page, 'recordings-export');
    await page.locator('.timeline').focus();
    await page.keyboard.press('Escape');
  });
  await tap.step('several', async () => {
    await page.locator('.chooser button').nth(1).click();
    await zoomTo(page, history.start_us + 30_000_000, 60_000_000);
    await page.locator('.timeline').focus();
    await page.keyboard.press(' ');
    await page.waitForTimeout(3000);
    await page.keyboard.press(' ');
    await page.waitForTimeout(500);
    const [a, b] = [await readStamp(video(page, entrance)), await readStamp(video(page, parking))];
    tap.ok(
      Math.abs(a.number - b.number) < rate / 2,
      'two cameras play in step',
      `${a.number} ${b.number}`,
    );
    await page.locator('.chooser button').nth(1).click();
  });
}

async function testCameras(page) {
  await tap.step('cameras', async () => {
    await open(page, 'cameras/new');
    await page.fill('input[name=url]', 'http://192.0.2.1/');
    await page.click('button[type=submit]');
    tap.ok((await page.locator('.field-error').count()) === 2, 'the form names what is wrong');
    await shoot(page, 'camera-form');
    await page.fill('input[name=name]', 'Loading bay');
    await page.fill('input[name=url]', 'rtsp://192.0.2.30/stream1');
    await page.click('button[type=submit]');
    await page.waitForSelector('h1:has-text("Loading bay")');
    tap.ok(true, 'a camera is added');
    await page.click('button.danger');
    await shoot(page, 'camera-remove');
    await page.click('dialog button.danger');
    await page.waitForSelector('table.list');
    await until(
      async () => !(await page.textContent('table.list')).includes('Loading bay'),
      'its removal',
    );
    tap.ok(true, 'a camera is removed after saying what that does');
  });
}

async function testAlarms(page) {
  await tap.step('alarms', async () => {
    await open(page, 'today');
    const badge = page.locator('nav .badge');
    await until(async () => (await badge.count()) === 1, 'the number of new alarms');
    tap.ok(/^4/.test(await badge.textContent()), 'the places show how many alarms are new');
    const concerns = page.locator('.concerns').first();
    tap.ok(
      (await concerns.locator('.what', { hasText: '裏門' }).count()) === 1,
      'today says one matter once',
      (await concerns.locator('.what').allTextContents()).join(' | '),
    );
    await page
      .locator('.concern', { hasText: 'Failed logins' })
      .locator('button', { hasText: 'seen' })
      .click();
    await until(async () => /^3/.test(await badge.textContent()), 'one alarm less');
    tap.ok(true, 'an alarm is acknowledged from today');
    await open(page, 'alarms');
    const lost = page.locator('.alarm', { hasText: '倉庫' });
    await lost.locator('button', { hasText: 'seen' }).click();
    await lost.locator('text=Seen by admin').waitFor();
    tap.ok(true, 'an alarm says who has seen it');
    await shoot(page, 'alarms-open');
    await page.click('summary:has-text("Past alarms")');
    await page.waitForSelector('td:has-text("4 min")');
    tap.ok(true, 'past alarms are shown with how long they lasted');
  });
  await tap.step('incident', async () => {
    const lost = page.locator('.alarm', { hasText: '倉庫' });
    await lost.locator('button', { hasText: 'incident' }).click();
    await page.waitForSelector('.steps');
    await page.locator('.steps input').first().click();
    await page.waitForSelector('text=1 of 5 steps');
    await page.click('form:has(input[name=note]) button');
    tap.ok(
      (await page.locator('.field-error').count()) === 1,
      'an empty note is refused at its field',
    );
    await page.fill('input[name=note]', 'the plug was out');
    await page.click('form:has(input[name=note]) button');
    await page.waitForSelector('.notes >> text=the plug was out');
    tap.ok(true, 'a step and a note are recorded');
    await shoot(page, 'incident');
    await page.fill('input[name=outcome]', 'plugged in');
    await page.click('form:has(input[name=outcome]) button');
    await page.waitForSelector('dd:has-text("plugged in")');
    tap.ok((await page.locator('input[name=note]').count()) === 0, 'an incident ends');
    await open(page, 'alarms');
    await page.click('summary:has-text("Begin an incident")');
    await page.fill('input[name=title]', 'Somebody took photographs of the rack');
    await page.fill('input[name=owner]', 'Sato');
    await page.click('form:has(input[name=title]) button');
    await page.waitForSelector('h1:has-text("photographs")');
    tap.ok(true, 'an incident begins with a person’s own word');
  });
}

async function testDuties(page) {
  await tap.step('duties', async () => {
    await open(page, 'duties');
    const first = page.locator('.duties li').first();
    await first.waitFor();
    tap.ok(
      /Overdue/.test(await first.textContent()) && /journal/.test(await first.textContent()),
      'what is overdue stands first',
    );
    await first.locator('a').click();
    await page.selectOption('select[name=result]', 'findings');
    await page.click('form:has(select) button[type=submit]');
    tap.ok((await page.locator('.field-error').count()) === 1, 'findings want a note');
    await page.fill('form:has(select) input[name=note]', 'an unknown login');
    await page.click('form:has(select) button[type=submit]');
    await page.waitForSelector('.notice.good');
    await page.waitForSelector('td:has-text("an unknown login")');
    tap.ok(/Planned/.test(await page.textContent('.columns')), 'a duty that was done is planned');
    await page.click('summary:has-text("Change")');
    await page.fill('input[name=interval]', '0');
    await page.click('form:has(input[name=interval]) button[type=submit]');
    tap.ok((await page.locator('.field-error').count()) === 1, 'an interval of 0 is refused');
    await page.fill('input[name=interval]', '14');
    await page.click('form:has(input[name=interval]) button[type=submit]');
    await page.waitForSelector('dd:has-text("14 days")');
    await open(page, 'duties/new');
    await page.fill('input[name=title]', 'Clean the lenses');
    await page.click('button[type=submit]');
    await page.waitForSelector('h1:has-text("Clean the lenses")');
    tap.ok(true, 'a duty of one’s own is added');
    await page.click('summary:has-text("Remove this duty")');
    await page.click('button.danger');
    await page.waitForSelector('.duties');
    await until(
      async () => !(await page.textContent('.duties')).includes('lenses'),
      'its removal',
    );
    tap.ok(true, 'and removed');
  });
  await tap.step('maintenance', async () => {
    await open(page, `cameras/${parking}`);
    await page.click('summary:has-text("Announce maintenance")');
    await page.fill('input[name=work-to]', '2020-01-01T00:00:00');
    await page.click('.maintenance button[type=submit]');
    tap.ok(
      (await page.locator('.field-error').count()) === 2,
      'wrong times and a missing note are named',
    );
    const to = await page.evaluate(() => {
      const date = new Date(Date.now() + 3600_000 - new Date().getTimezoneOffset() * 60000);
      return date.toISOString().slice(0, 19);
    });
    await page.fill('input[name=work-to]', to);
    await page.fill('input[name=work-note]', 'new lens');
    await page.click('.maintenance button[type=submit]');
    await page.waitForSelector('.bar .state:has-text("In maintenance")');
    tap.ok(true, 'work on a camera is announced and shown');
    await shoot(page, 'maintenance');
    await open(page, 'today');
    await page.waitForSelector('.concern:has-text("is being worked on")');
    await open(page, `cameras/${parking}`);
    await page.click('.work button');
    await until(async () => (await page.locator('.work').count()) === 0, 'the end of the work');
    tap.ok(true, 'and ended');
  });
}

async function testChecklist(page) {
  await tap.step('checklist', async () => {
    await open(page, 'checklist');
    await page.waitForSelector('.requirements');
    tap.ok(
      (await page.locator('.requirement .number').count()) === 67 + 16,
      'all requirements and audit points are listed',
    );
    await page.click('button.chip:has-text("not met")');
    const states = await page.locator('.requirement .state').allTextContents();
    tap.ok(
      states.length > 0 && states.every((state) => state === 'not met'),
      'one kind of answer alone can be shown',
    );
    await open(page, 'checklist/a02-1');
    await page.waitForSelector('text=Evidence');
    tap.ok(
      (await page.textContent('main')).includes('telnet'),
      'what was observed stands beside the answer',
    );
    await open(page, 'checklist/a01-1');
    await page.click('summary:has-text("State something")');
    await page.click('button:has-text("State it")');
    tap.ok((await page.locator('.field-error').count()) === 1, 'a statement needs a document');
    await page.fill('input[name=document]', 'plan 7');
    await page.click('button:has-text("State it")');
    await page.waitForSelector('td:has-text("admin")');
    tap.ok(
      (await page.textContent('.card.alarm .state')).trim() === 'met',
      'a statement answers what cannot be observed',
    );
    await page.click('button:has-text("Withdraw")');
    await page.waitForSelector('td:has-text("withdrawn by admin")');
    tap.ok(
      (await page.textContent('.card.alarm .state')).trim() === 'unknown',
      'a withdrawn one does not',
    );
    await open(page, 'checklist/profile');
    await page.click('label:has-text("wireless")');
    await page.click('button[type=submit]');
    await page.waitForSelector('.requirements');
    tap.ok(server.checklist.profile === 'wireless', 'the profile is set');
  });
}

async function takeShots() {
  const looks = [
    [
      'desktop-ja-light',
      { locale: 'ja-JP', colorScheme: 'light', viewport: { width: 1366, height: 900 } },
    ],
    [
      'desktop-en-dark',
      { locale: 'en-GB', colorScheme: 'dark', viewport: { width: 1366, height: 900 } },
    ],
    [
      'phone-ja-dark',
      {
        locale: 'ja-JP',
        colorScheme: 'dark',
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      },
    ],
    [
      'phone-en-light',
      {
        locale: 'en-GB',
        colorScheme: 'light',
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      },
    ],
  ];
  for (const [look, options] of looks) {
    const { page, close } = await launch({ timezoneId: 'Asia/Tokyo', ...options });
    await page.goto(address);
    await page.waitForSelector('input[name=password]');
    await shoot(page, `${look}-login`);
    await logIn(page, address, 'admin', server.password);
    const more = [`cameras/${entrance}`, `live/${entrance}`, 'alarms/incidents/2', 'duties/2'];
    more.push('checklist/a02-1', 'checklist/profile');
    for (const place of [...places, ...more]) {
      await open(page, place);
      await page.waitForTimeout(1500);
      await shoot(page, `${look}-${place.replace(/\/.*/, '-one')}`);
      if (look.startsWith('phone')) {
        await checkNarrow(tap, page, `${place} ${look}`);
      }
    }
    await close();
  }
}

const { page, close } = await launch({ locale: 'en-GB', timezoneId: 'Asia/Tokyo' });
const faults = watchFaults(page);
await testDoor(page);
await tap.step('login', () => logIn(page, address, 'admin', server.password));
await testLive(page);
await testRecordings(page);
await testCameras(page);
await testAlarms(page);
await testDuties(page);
await testChecklist(page);
tap.ok(
  faults.length === 0,
  'no error in the page, no breach of its policy',
  faults.slice(0, 3).join(' | '),
);
await close();
await takeShots();
await server.stop();
tap.end();
