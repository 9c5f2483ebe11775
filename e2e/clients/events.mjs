// graphql-sse in its distinct connections mode, over real HTTP.
import { createClient } from 'graphql-sse';
import { check, checkRefused, settings } from './settings.mjs';

const client = createClient({ url: settings.url, retryAttempts: 0 });

for await (const result of client.iterate({ query: settings.query })) check('query as events:', result);

for (const time of ['once', 'again']) {
  for await (const result of client.iterate({ query: settings.subscription })) {
    check(`subscription as events, ${time}:`, result);
    break;
  }
}

for await (const result of client.iterate({ query: '{ nothingOfThisName }' })) checkRefused('wrong query as events:', result.errors);
client.dispose();
process.exit(0);
