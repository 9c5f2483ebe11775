// Fails when the committed assets are not what the sources give.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const committed = '../assets';
const fresh = mkdtempSync(join(tmpdir(), 'portico-playground-'));
try {
  execFileSync('node', ['build.mjs', fresh], { stdio: 'inherit' });
  const names = folder => readdirSync(folder).sort();
  // Compressed bytes depend on the version of zlib; what they hold does not.
  const contents = (folder, name) => gunzipSync(readFileSync(join(folder, name)));
  const same = names(committed).join() === names(fresh).join() && names(fresh).every(name => contents(committed, name).equals(contents(fresh, name)));
  if (!same) {
    console.error('gateway/playground/assets is stale: run make playground and commit it');
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
