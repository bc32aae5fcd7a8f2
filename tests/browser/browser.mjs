// What the browser tests share: Chromium with empty profiles, TAP lines, waiting.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStampInPage } from './stamp.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const fromPage = createRequire(join(here, '../../ui/package.json'));
const { chromium } = fromPage('playwright-core');

const switches = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;
let users = 0;

// A page with cookies, cache and storage of its own. All that are open share one Chromium.
export async function launch(options = {}) {
  browser ??= chromium.launch({
    executablePath: process.env.KOMAINU_CHROMIUM ?? '/usr/bin/chromium',
    args: switches,
  });
  users++;
  const started = await browser;
  const context = await started.newContext({
    ignoreHTTPSErrors: true,
    acceptDownloads: true,
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  // Scripts injected by the test are not subject to the page's policy; eval inside it is.
  await context.addInitScript({ content: `window.readStampInPage = ${readStampInPage};` });
  return {
    context,
    page: await context.newPage(),
    close: async () => {
      await context.close();
      users--;
      if (users === 0) {
        browser = undefined;
        await started.close();
      }
    },
  };
}

// What a page must never do: errors, broken rules of its own policy, failed assets.
export function watchFaults(page) {
  const faults = [];
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) {
      faults.push(`console: ${message.text()}`);
    }
  });
  return faults;
}

export class Tap {
  constructor() {
    this.count = 0;
    this.failed = 0;
  }

  ok(isGood, name, detail = '') {
    this.count++;
    this.failed += isGood ? 0 : 1;
    console.log(
      `${isGood ? 'ok' : 'not ok'} ${this.count} - ${name}${detail ? ` # ${detail}` : ''}`,
    );
    return isGood;
  }

  skip(name, why) {
    this.count++;
    console.log(`ok ${this.count} - ${name} # SKIP ${why}`);
  }

  // A step that throws is a failed test, and the next step is still tried.
  async step(name, work) {
    try {
      await work();
    } catch (reason) {
      this.ok(false, name, String(reason).split('\n')[0]);
    }
  }

  end() {
    console.log(`1..${this.count}`);
    console.log(`${this.count - this.failed} passed, ${this.failed} failed`);
    process.exitCode = this.failed > 0 ? 1 : 0;
  }
}

export async function until(work, what, most_ms = 10_000, explain = () => '') {
  const end = Date.now() + most_ms;
  for (;;) {
    const value = await work();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${most_ms} ms in vain for ${what} ${await explain()}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}
