// Bundles the playground into a folder: node build.mjs FOLDER. The same sources
// and package-lock.json give the same bytes.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const target = process.argv[2];
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

// Defects of packages that are corrected here: texts, each of which must be there once.
const corrections = {
  // A tab is no role="tab": it has two buttons in it (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/).
  '@graphiql/react/dist/components/tabs/index.js': [
    ['"aria-selected": isActive,', '"aria-current": isActive ? "true" : undefined,'],
    ['role: "tab",', ''],
    ['role: "tablist",', ''],
  ],
};

const correct = {
  name: 'correct',
  setup({ onLoad }) {
    for (const [file, changes] of Object.entries(corrections)) {
      onLoad({ filter: new RegExp(file.replaceAll(/[/.]/g, '\\$&') + '$') }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const [from, to] of changes) {
          if (contents.split(from).length !== 2) throw new Error(`${path} has changed: ${from} is not there once`);
          contents = contents.replace(from, to);
        }
        return { contents };
      });
    }
  },
};

const options = {
  plugins: [correct],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  outdir: target,
  write: false,
  metafile: true,
  legalComments: 'none', // licenses.txt has them
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'file', '.woff': 'file', '.woff2': 'file' },
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  logLevel: 'warning',
};

const packages = new Set();

function emit(result) {
  for (const input of Object.keys(result.metafile.inputs)) {
    const found = input.match(/^.*node_modules\/(@[^/]+\/[^/]+|[^/]+)/);
    if (found) packages.add(found[0]);
  }
  for (const file of result.outputFiles) save(basename(file.path), file.contents);
  return Object.fromEntries(
    Object.entries(result.metafile.outputs)
      .filter(([, output]) => output.entryPoint)
      .map(([path, output]) => [output.entryPoint, { js: basename(path), css: output.cssBundle && basename(output.cssBundle) }]),
  );
}

// save writes a file compressed, as it is served; Node leaves the time out.
function save(name, contents) {
  writeFileSync(join(target, name + '.gz'), gzipSync(contents, { level: 9 }));
}

const workers = {
  editor: 'node_modules/monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'node_modules/monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'node_modules/monaco-graphql/esm/graphql.worker.js',
};
const workerFiles = {};
for (const [name, entry] of Object.entries(workers)) {
  const entries = emit(await build({ ...options, entryPoints: { [`${name}.worker`]: entry } }));
  workerFiles[name] = './' + Object.values(entries)[0].js;
}

const entries = emit(
  await build({
    ...options,
    entryPoints: { app: 'app.jsx' },
    jsx: 'automatic',
    splitting: true,
    banner: { js: `globalThis.porticoWorkers ??= ${JSON.stringify(workerFiles)};` },
  }),
);

const { js, css } = entries['app.jsx'];
save(
  'index.html',
  `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Portico</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${css}">
    <script type="module" src="${js}"></script>
  </head>
  <body><div id="playground"><noscript>The console needs JavaScript.</noscript></div></body>
</html>
`,
);

const licenses = [...packages].sort().map(folder => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : '(the package has no license file)';
  return `${name} ${version}, ${license}\n\n${text}\n`;
});
save('licenses.txt', ['The console contains these packages.\n', ...licenses].join('\n' + '-'.repeat(80) + '\n\n'));

const files = readdirSync(target).sort();
const digest = createHash('sha256');
for (const file of files) digest.update(file).update(readFileSync(join(target, file)));
console.log(`${files.length} files, sha256 ${digest.digest('hex').slice(0, 16)}`);
