// Tests the built page in Chromium against the mock server; prints TAP.
// usage: node mock.mjs [--shots DIRECTORY]
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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
  readStamp,
  settle,
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
  'people',
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
    await checkPlaying(tap, page, entrance, 1, 2000);
    await checkPlaying(tap, page, entrance, 4, 2000);
    await checkPlaying(tap, page, entrance, 16, 2000);
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
    await until(async () => (await shownWall(page)) > wall + 900_000, 'what is played after it');
    tap.ok(true, 'and plays on after it');
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
    const lagOf = async () => Date.now() * 1000 - (await shownWall(page));
    await page.keyboard.press('End');
    await until(async () => (await lagOf()) < 8_000_000, 'the newest pictures');
    await page.waitForTimeout(2000);
    const lag = await lagOf();
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
      join(tmpdir(), `komainu-mock-${process.pid}.mp4`),
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
    await page.waitForTimeout(2000);
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

async function testAudits(page) {
  await tap.step('audit', async () => {
    await open(page, `cameras/${entrance}`);
    await page.waitForSelector('section.card.wide details');
    const card = page.locator('section.card').filter({ has: page.locator('button.primary') }).first();
    await card.locator('button.primary').click();
    await page.waitForSelector('progress');
    tap.ok(true, 'an audit shows its progress');
    await page.locator('section.card').filter({ has: page.locator('progress') }).locator('button').click();
    await until(async () => (await page.locator('progress').count()) === 0, 'its end');
    tap.ok(server.audits.newest()[0].state === 'stopped', 'an audit can be stopped');
    await page.locator('button[aria-expanded=false]').first().click();
    const changed = await page.locator('dl.known').last().textContent();
    tap.ok(
      (await page.locator('dl.known').filter({ hasText: 'tcp/23' }).count()) > 0,
      'what changed with a snapshot is shown',
      changed.slice(0, 40),
    );
    const papers = page.locator(`a[download][href*="camera=${entrance}"]`);
    await papers.first().scrollIntoViewIfNeeded();
    await shoot(page, 'camera-findings');
    tap.ok((await papers.count()) === 5, 'what the checklist says of a camera is there as a file');
  });
  await tap.step('remedy', async () => {
    await open(page, `cameras/${entrance}?fix=password`);
    await page.waitForSelector('dialog[open]');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('dialog .error, dialog .notice.bad');
    tap.ok(server.audits.plans.length === 0, 'a password is not sent readable unless that is wanted');
    await page.locator('dialog input[type=checkbox]').check();
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('dialog pre.sent');
    const sent = await page.locator('dialog pre.sent').first().textContent();
    tap.ok(sent.includes('SetUser') && sent.includes('***'), 'the plan shows what will be sent');
    tap.ok(server.audits.remedies.length === 0, 'a plan alone sends nothing');
    await shoot(page, 'plan');
    await page.click('dialog button[type=submit]');
    tap.ok(
      (await page.locator('dialog .field-error').count()) === 1,
      'a remedy wants the password again',
    );
    await page.fill('dialog input[name=password]', server.password);
    await page.click('dialog button[type=submit]');
    await until(async () => (await page.locator('dialog[open]').count()) === 0, 'the dialog closes');
    await until(
      async () => (await page.getByText('the old one is refused').count()) === 1,
      'the end of the remedy',
    );
    tap.ok(server.audits.remedies[0].state === 'done', 'a remedy is carried out and told');
  });
  await tap.step('first aid', async () => {
    server.audits.addAlarm();
    await open(page, 'today');
    await open(page, 'alarms');
    await page.locator('li.alarm button.danger').first().click();
    await page.waitForSelector('ol.steps a.button');
    const steps = await page.locator('ol.steps a.button').count();
    tap.ok(steps === 5, 'first aid has its five steps, each with a button', `${steps}`);
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
    await page.locator('.steps input').nth(1).click();
    await page.waitForSelector('text=2 of 5 steps');
    await page.locator('.steps input').nth(1).click();
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

async function testPeople(page) {
  await tap.step('second factor', async () => {
    await open(page, 'people');
    const factor = page.locator('.card', { hasText: 'Second factor' }).first();
    await factor.locator('input[type=password]').fill(server.password);
    await factor.locator('button[type=submit]').click();
    const code = page.locator('svg.qr');
    await code.waitFor();
    await shoot(page, 'second-factor');
    const path = join(tmpdir(), `komainu-mock-${process.pid}.png`);
    await code.screenshot({ path });
    const read = execFileSync('zbarimg', ['--quiet', '--raw', path], { stdio: 'pipe' }).toString().trim();
    tap.ok(read === server.people.uri('admin'), 'the QR code is what an application wants', read);
    const secret = await factor.locator('code').textContent();
    tap.ok(
      secret.replaceAll(' ', '') === server.people.secret.toUpperCase(),
      'its secret stands beside it as text',
    );
    await factor.locator('input').fill('000000');
    await factor.locator('button[type=submit]').click();
    await page.waitForSelector('.notice.bad');
    await factor.locator('input').fill('123456');
    await factor.locator('button[type=submit]').click();
    await page.waitForSelector('.notice.good >> text=code-9');
    tap.ok((await code.count()) === 0, 'after the right code the secret is not shown any more');
  });
  await tap.step('tokens', async () => {
    const form = page.locator('form.add-token');
    await form.locator('input[name=token-name]').fill('screen');
    await form.locator('.check', { hasText: 'State of the system' }).locator('input').uncheck();
    await form.locator('.check', { hasText: 'Journal' }).locator('input').check();
    await form.locator('.check', { hasText: '駐車場' }).locator('input').check();
    tap.ok(
      (await form.locator('.check', { hasText: 'Journal' }).count()) === 0,
      'what reaches all cameras is not offered for some',
    );
    await form.locator('button[type=submit]').click();
    await page.waitForSelector('.notice.good >> text=kmt_');
    const [made] = server.people.tokens;
    tap.ok(
      made.cameras === parking && made.rights === 'live',
      'a token is made for the cameras and rights that were chosen',
      `${made.rights} ${made.cameras}`,
    );
    const row = page.locator('tr', { hasText: 'screen' });
    tap.ok(/駐車場/.test(await row.textContent()), 'and is listed with their names');
    await row.locator('button').click();
    await until(async () => (await row.locator('button').count()) === 0, 'its end');
    await shoot(page, 'tokens');
    tap.ok(true, 'and revoked');
  });
}

async function testMessages(page) {
  const dialog = page.locator('dialog[open]');
  const row = page.locator('tr', { hasText: 'office' });
  await tap.step('destinations', async () => {
    await open(page, 'system');
    await page.click('button.push');
    await dialog.locator('input[name=name]').fill('office');
    await dialog.locator('select').first().selectOption('webhook');
    tap.ok(
      (await dialog.locator('input[name=sender]').count()) === 0 &&
        (await dialog.locator('input[name=destination-key]').count()) === 1,
      'the form asks for what its kind needs',
    );
    await dialog.locator('select').first().selectOption('mail');
    await dialog.locator('input[name=url]').fill('http://mail.example');
    await dialog.locator('input[name=sender]').fill('recorder@example.org');
    await dialog.locator('input[name=recipients]').fill('owner@example.org');
    await dialog.locator('input[name=destination-password]').fill('three words of mine');
    await dialog.locator('button[type=submit]').click();
    await dialog.locator('.notice.bad').waitFor();
    tap.ok(/smtps/.test(await dialog.textContent()), 'a wrong address is told in the dialog');
    await shoot(page, 'destination-wrong');
    await dialog.locator('input[name=url]').fill('smtps://mail.example');
    await dialog.locator('button[type=submit]').click();
    await row.waitFor();
    tap.ok(
      server.people.lastPassword === 'three words of mine' && (await dialog.count()) === 0,
      'a destination is added',
    );
    await row.locator('button', { hasText: 'est' }).click();
    await row.locator('.notice.good').waitFor();
    tap.ok(/250 taken/.test(await row.textContent()), 'a test says what the server said');
    await row.locator('button').nth(1).click();
    await dialog.waitFor();
    tap.ok(
      (await dialog.locator('input[name=destination-password]').inputValue()) === '' &&
        (await dialog.locator('input[name=url]').inputValue()) === 'smtps://mail.example',
      'its settings come back, its password does not',
    );
    await dialog.locator('input[name=url]').fill('smtps://bad.example');
    await dialog.locator('button[type=submit]').click();
    await until(async () => (await dialog.count()) === 0, 'the change');
    tap.ok(server.people.destinations[0].has_password, 'a change without a password keeps it');
    await row.locator('button').first().click();
    await row.locator('.notice.bad').waitFor();
    tap.ok(/certificate/.test(await row.textContent()), 'a failed test says why');
    await shoot(page, 'destination');
    await row.locator('button.danger').click();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await until(async () => (await dialog.count()) === 0, 'the closed dialog');
    tap.ok((await row.count()) === 1, 'Escape leaves it there');
    await row.locator('button.danger').click();
    await dialog.locator('button.danger').click();
    await until(async () => (await row.count()) === 0, 'its removal');
    tap.ok(true, 'a destination is removed after asking');
  });
}

const looks = {
  'desktop-ja-light': {
    locale: 'ja-JP',
    colorScheme: 'light',
    viewport: { width: 1366, height: 900 },
  },
  'desktop-en-dark': {
    locale: 'en-GB',
    colorScheme: 'dark',
    viewport: { width: 1366, height: 900 },
  },
  'phone-ja-dark': {
    locale: 'ja-JP',
    colorScheme: 'dark',
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  },
  'phone-en-light': {
    locale: 'en-GB',
    colorScheme: 'light',
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  },
};

// Each place in a look; on a telephone it must also be narrow enough.
async function takeShots(look, options) {
  const { page, close } = await launch({ timezoneId: 'Asia/Tokyo', ...options });
  const found = watchFaults(page);
  await page.goto(address);
  await page.waitForSelector('input[name=password]');
  await shoot(page, `${look}-login`);
  await logIn(page, address, 'admin', server.password);
  const more = [`cameras/${entrance}`, `live/${entrance}`, 'alarms/incidents/2', 'duties/2'];
  more.push('checklist/a02-1', 'checklist/profile');
  for (const place of [...places, ...more]) {
    await open(page, place);
    await settle(page, shots ? 1000 : 200);
    await shoot(page, `${look}-${place.replace(/\/.*/, '-one')}`);
    if (options.isMobile) {
      await checkNarrow(tap, page, `${place} ${look}`);
    }
  }
  for (const width of options.isMobile ? [] : [1366, 1280, 1100, 960]) {
    await page.setViewportSize({ width, height: 900 });
    await shoot(page, `${look}-${width}`);
    const cut = await page.evaluate(() => {
      const nav = document.querySelector('nav');
      return nav.scrollWidth - nav.clientWidth;
    });
    tap.ok(cut <= 0, `${look}: all places can be seen at ${width} px`, `${cut} px are cut`);
  }
  tap.ok(found.length === 0, `${look}: no fault on any page`, found.slice(0, 3).join(' | '));
  await close();
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

// A page of its own for steps that may run beside others.
async function onPage(...works) {
  const { page, close } = await launch({ locale: 'en-GB', timezoneId: 'Asia/Tokyo' });
  const found = watchFaults(page);
  await tap.step('login', () => logIn(page, address, 'admin', server.password));
  for (const work of works) {
    await work(page);
  }
  tap.ok(
    found.length === 0,
    'no error in the page, no breach of its policy',
    found.slice(0, 3).join(' | '),
  );
  await close();
}

const door = await launch({ locale: 'en-GB', timezoneId: 'Asia/Tokyo' });
await testDoor(door.page);
// What looks at clocks has the machine for itself.
await onPage(testLive, testRecordings);
await Promise.all([
  onPage(testCameras, testAlarms, testDuties, testAudits),
  onPage(testPeople, testMessages, testChecklist),
]);
// Without pictures of them only those looks are drawn in which something is measured.
const wanted = Object.entries(looks).filter(([, options]) => shots || options.isMobile);
await Promise.all(wanted.map(([look, options]) => takeShots(look, options)));
await door.close();
await server.stop();
tap.end();
