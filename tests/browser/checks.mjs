// What must hold on any recorder, the mock and the real one.
import { wallDifference } from './stamp.mjs';
import { until } from './browser.mjs';

export async function logIn(page, address, name, password) {
  await page.goto(address);
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('nav a[aria-current]');
}

export async function open(page, place) {
  await page.evaluate((target) => {
    location.hash = `#/${target}`;
  }, place);
  await page.waitForSelector(`nav a[aria-current][href="#/${place.split('/')[0].split('?')[0]}"]`);
}

// The place has been drawn: nothing in it changed for a moment.
export async function settle(page, quiet_ms = 200, most_ms = 3000) {
  await page.evaluate(
    ([quiet, most]) =>
      new Promise((done) => {
        let timer = setTimeout(done, quiet);
        const look = new MutationObserver(() => {
          clearTimeout(timer);
          timer = setTimeout(done, quiet);
        });
        look.observe(document.querySelector('main'), { childList: true, subtree: true });
        setTimeout(done, most);
      }),
    [quiet_ms, most_ms],
  );
}

export const video = (page, camera) => page.locator(`video[data-camera="${camera}"]`).first();

// Counts the pictures that the browser really presents.
async function countPictures(element, ms) {
  return element.evaluate(
    (node, time) =>
      new Promise((done) => {
        let count = 0;
        const next = () => {
          count++;
          node.requestVideoFrameCallback(next);
        };
        node.requestVideoFrameCallback(next);
        setTimeout(() => done(count), time);
      }),
    ms,
  );
}

export async function readStamp(element) {
  return element.evaluate((node) => window.readStampInPage(node));
}

// Live pictures move: presented pictures are counted, and the burnt-in number rises.
export async function checkLive(tap, page, camera, fps) {
  const began = Date.now();
  await open(page, `live/${camera}`);
  const element = video(page, camera);
  const first = await until(
    async () => (await readStamp(element)).number,
    'a readable first picture',
  );
  tap.ok(
    Date.now() - began < 3000,
    'the first live picture comes soon',
    `${Date.now() - began} ms, test's own steps included`,
  );
  const pictures = await countPictures(element, 2000);
  tap.ok(pictures > fps, 'the browser presents live pictures', `${pictures} in 2 s`);
  const before = await until(async () => (await readStamp(element)).number, 'a number');
  await page.waitForTimeout(2000);
  const after = await readStamp(element);
  const rise = after.number - before;
  tap.ok(
    rise > fps && rise < 3 * fps,
    'the burnt-in frame number rises',
    `${first}, ${before}, ${after.number}`,
  );
  const behind_ms = -wallDifference(after.wall_ms_mod, Date.now() * 1000);
  tap.ok(behind_ms < 3000, 'the live picture is recent', `${behind_ms} ms behind`);
}

// The time that the timeline shows now.
async function timelineView(page) {
  return page.locator('.timeline').evaluate((node) => ({
    from_us: Number(node.dataset.from),
    to_us: Number(node.dataset.to),
  }));
}

export async function shownWall(page) {
  return Number(await page.locator('.moment-shown').getAttribute('data-wall'));
}

// Go to a moment by the date field, then zoom in so that a pixel is less than a picture.
export async function zoomTo(page, us, span_us) {
  const field = await page.evaluate((ms) => {
    const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60000);
    return date.toISOString().slice(0, 19);
  }, us / 1000);
  await page.fill('.go-to input', field);
  await page.click('.go-to button');
  for (let i = 0; i < 40; i++) {
    const view = await timelineView(page);
    if (view.to_us - view.from_us <= span_us) {
      return;
    }
    await page.locator('.timeline').focus();
    await page.keyboard.press('+');
  }
}

// Click the timeline at a part of its width: the first picture shown must be the one that was
// current at that moment. Gives what was seen, for comparisons between clicks.
export async function checkSeek(tap, page, camera, part, frame_us, label, slack_us = 2000) {
  const element = video(page, camera);
  await until(() => element.evaluate((node) => !node.seeking), 'the end of what was before');
  const box = await page.locator('.timeline canvas').boundingBox();
  const x = Math.round(box.x + box.width * part);
  const view = await timelineView(page);
  const asked_us = view.from_us + ((x - box.x) / box.width) * (view.to_us - view.from_us);
  const seen = await element.evaluateHandle((node) => {
    const found = { clicked: 0, shown: 0, stamp: undefined };
    addEventListener(
      'pointerup',
      () => {
        const before = node.currentTime;
        const onSeeked = () => {
          if (node.currentTime === before) {
            return; // the end of what was asked for before the click
          }
          node.removeEventListener('seeked', onSeeked);
          look(performance.now() + 1000);
        };
        // On a busy machine the picture from before stands a little longer than the event says.
        const look = (until) => {
          const stamp = window.readStampInPage(node);
          if (stamp.number === old.number && performance.now() < until) {
            requestAnimationFrame(() => look(until));
            return;
          }
          found.stamp = stamp;
          found.shown = performance.now();
        };
        const old = window.readStampInPage(node);
        found.clicked = performance.now();
        node.addEventListener('seeked', onSeeked);
      },
      { once: true, capture: true },
    );
    return found;
  });
  await page.mouse.click(x, box.y + 60);
  await until(() => seen.evaluate((found) => found.shown > 0), 'the seek');
  const { stamp, ms } = await seen.evaluate((found) => ({
    stamp: found.stamp,
    ms: found.shown - found.clicked,
  }));
  await page.locator('.timeline').focus();
  await page.keyboard.press(' ');
  const off_us = -wallDifference(stamp.wall_ms_mod, asked_us) * 1000;
  tap.ok(
    off_us > -slack_us && off_us <= frame_us + slack_us,
    `${label}: the picture is that of the moment asked for`,
    `it begins ${(off_us / 1000).toFixed(1)} ms before, a picture lasts ${frame_us / 1000} ms`,
  );
  await page.waitForTimeout(200);
  const paused = await readStamp(element);
  const apart_us = -wallDifference(paused.wall_ms_mod, await shownWall(page)) * 1000;
  tap.ok(
    apart_us > -slack_us && apart_us <= frame_us + slack_us,
    `${label}: paused, the clock shown is that of the picture`,
    `${(apart_us / 1000).toFixed(1)} ms`,
  );
  return { ms, asked_us, number: stamp.number };
}

// Arrow keys move exactly one picture.
export async function checkSteps(tap, page, camera) {
  const element = video(page, camera);
  const numbers = [(await readStamp(element)).number];
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft']) {
    await page.locator('.timeline').focus();
    await page.keyboard.press(key);
    const shown = await until(async () => {
      const stamp = await readStamp(element);
      return stamp.number !== undefined && stamp.number !== numbers.at(-1) && stamp;
    }, `another picture by ${key}`);
    numbers.push(shown.number);
  }
  const [start] = numbers;
  const expected = [0, 1, 2, 3, 2, 1].map((step) => start + step);
  tap.ok(numbers.join() === expected.join(), 'arrow keys step one picture', numbers.join(' '));
}

// Plays on over the ends of segments, at a speed.
export async function checkPlaying(tap, page, camera, speed, ms) {
  const element = video(page, camera);
  await page.selectOption('.transport select', String(speed));
  const before = await shownWall(page);
  await page.locator('.timeline').focus();
  await page.keyboard.press(' ');
  await page.waitForTimeout(ms);
  await page.keyboard.press(' ');
  await page.waitForTimeout(200);
  const gone_s = ((await shownWall(page)) - before) / 1e6;
  const wished_s = (ms / 1000) * speed;
  const stamp = await readStamp(element);
  tap.ok(
    gone_s > wished_s * 0.6 && gone_s < wished_s * 1.4,
    `plays at ${speed} times the speed`,
    `${gone_s.toFixed(1)} s of ${wished_s.toFixed(1)} s, picture ${stamp.number}`,
  );
  const buffered_s = await element.evaluate((node) => {
    let sum = 0;
    for (let i = 0; i < node.buffered.length; i++) {
      sum += node.buffered.end(i) - node.buffered.start(i);
    }
    return sum;
  });
  tap.ok(buffered_s < 300, 'the buffer stays bounded', `${buffered_s.toFixed(0)} s`);
  await page.selectOption('.transport select', '1');
}

// Saves a range around what is shown; gives the file's path.
export async function exportRange(page, span_us, path) {
  const wall = await shownWall(page);
  await page.locator('.timeline').focus();
  await page.keyboard.press('i');
  const toField = (ms) =>
    page.evaluate((at) => {
      const date = new Date(at - new Date(at).getTimezoneOffset() * 60000);
      return date.toISOString().slice(0, 19);
    }, ms);
  await page
    .locator('.export input[type="datetime-local"]')
    .nth(1)
    .fill(await toField((wall + span_us) / 1000));
  await page.waitForSelector('.export button.primary:not([disabled])');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click('.export button.primary'),
  ]);
  await download.saveAs(path);
  await page.waitForSelector('.export .notice.good');
  return path;
}

// No page is wider than the screen, and what one presses is large enough for a finger.
export async function checkNarrow(tap, page, place) {
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  tap.ok(wide <= 0, `${place}: not wider than the screen`, `${wide} px over`);
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'button, .button, nav a, select, summary, input:not([type=checkbox])',
      ),
    ]
      .filter((node) => node.checkVisibility() && !node.closest('.visually-hidden'))
      .map((node) => ({
        name: node.textContent || node.getAttribute('aria-label'),
        box: node.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
      .map(({ name, box }) => `${name} ${Math.round(box.width)}x${Math.round(box.height)}`),
  );
  tap.ok(small.length === 0, `${place}: targets of 44 px`, small.slice(0, 4).join('; '));
}
