// The audits of graphql-http: what a server must, should and may do by the
// GraphQL over HTTP specification. What it must do is wanted here.
import { auditServer } from 'graphql-http';
import { settings } from './settings.mjs';

// The header is what a GET needs here; see CSRF in the documentation.
const results = await auditServer({
  url: settings.url,
  fetchFn: (url, init = {}) => fetch(url, { ...init, headers: { ...init.headers, 'graphql-require-preflight': '1' } }),
});
const failed = results.filter((r) => r.status !== 'ok');
for (const r of failed) console.log(`${r.status} ${r.id} ${r.name}: ${r.reason} (status ${r.response.status})`);
console.log(`${results.length - failed.length} of ${results.length} audits passed`);
process.exit(failed.some((r) => r.name.startsWith('MUST')) ? 1 : 0);
