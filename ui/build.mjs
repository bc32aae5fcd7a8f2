// Builds the page into a directory: index.html, favicon.svg, assets/app-<hash>.{js,css}.
// usage: node build.mjs [directory], or KOMAINU_UI_OUT=directory; else ../build/ui
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? process.env.KOMAINU_UI_OUT ?? join(here, '../build/ui'));

await rm(join(out, 'assets'), { recursive: true, force: true });
await mkdir(out, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: 'main.tsx' },
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  bundle: true,
  format: 'esm',
  target: ['chrome109', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  logLevel: 'warning',
});

const names = Object.keys(result.metafile.outputs).map((path) => basename(path));
const script = names.find((name) => name.endsWith('.js'));
const style = names.find((name) => name.endsWith('.css'));
const html = await readFile(join(here, 'index.html'), 'utf8');

await writeFile(
  join(out, 'index.html'),
  html.replace('{{script}}', script).replace('{{style}}', style),
);
await copyFile(join(here, 'favicon.svg'), join(out, 'favicon.svg'));
for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) {
  console.log(`${basename(path)} ${bytes} bytes`);
}
