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
  // Text areas until Monaco is loaded, in place of an editor without function.
  'graphiql/dist/GraphiQL.js': [
    ['QueryEditor, Spinner, ExecuteButton, VariableEditor, HeaderEditor, Tabs, PlusIcon, ResponseEditor }', 'Spinner, ExecuteButton, Tabs, PlusIcon }'],
    ['import { HISTORY_PLUGIN,', 'import { HeaderEditor, QueryEditor, ResponseEditor, VariableEditor } from "../../../editor/plain.jsx";\nimport { HISTORY_PLUGIN,'],
    ['const hasMonaco = useMonaco(_temp);', 'const hasMonaco = true;'],
    // The documentation is our own (editor/reference.jsx): that of GraphiQL is a fifth of what must be loaded before one can type.
    ['import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";', 'const DOC_EXPLORER_PLUGIN = null, DocExplorerStore = Fragment;'],
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
  const { outputs } = result.metafile;
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([, output]) => output.entryPoint)
      .map(([path, output]) => [output.entryPoint, { js: basename(path), files: needed(outputs, path), css: output.cssBundle && basename(output.cssBundle) }]),
  );
}

// needed returns a script and the scripts that it imports, and these.
function needed(outputs, path, found = new Set()) {
  if (found.has(path)) return [];
  found.add(path);
  const imports = outputs[path].imports.filter(({ kind }) => kind === 'import-statement');
  return [basename(path), ...imports.flatMap(({ path: imported }) => needed(outputs, imported, found))];
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

// The first script has the browser get all that the view needs at once: without it, each file is asked for when the one that imports it
// is there.
const viewFiles = { editor: 'editor/Editor.jsx', routes: 'routes/Routes.jsx', docs: 'docs/Docs.jsx' };
const { js, css, files: appFiles } = entries['app.jsx'];
for (const [view, entry] of Object.entries(viewFiles)) viewFiles[view] = entries[entry].files.filter(file => !appFiles.includes(file));
const start = `const files = ${JSON.stringify(viewFiles)};
const view = new URLSearchParams(location.search).get('view');
for (const file of files[Object.hasOwn(files, view) ? view : 'editor']) {
  document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: file }));
}
`;
const startFile = `start-${createHash('sha256').update(start).digest('hex').slice(0, 8)}.js`;
save(startFile, start);
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
    <link rel="preload" as="fetch" href="config.json" crossorigin>
    <script type="module" src="${startFile}"></script>
${appFiles.map(file => `    <link rel="modulepreload" href="${file}">\n`).join('')}    <script type="module" src="${js}"></script>
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

const saved = readdirSync(target).sort();
const digest = createHash('sha256');
for (const file of saved) digest.update(file).update(readFileSync(join(target, file)));
console.log(`${saved.length} files, sha256 ${digest.digest('hex').slice(0, 16)}`);
