// graphql-ws, the client of graphql-transport-ws, over a real socket.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { check, checkRefused, settings } from './settings.mjs';

const client = createClient({ url: settings.url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });

for await (const result of client.iterate({ query: settings.query })) check('query over WebSocket:', result);

// Leaving the loop completes the operation; the connection stays.
for (const time of ['once', 'again']) {
  for await (const result of client.iterate({ query: settings.subscription })) {
    check(`subscription over WebSocket, ${time}:`, result);
    break;
  }
}

try {
  for await (const result of client.iterate({ query: '{ nothingOfThisName }' })) throw new Error(JSON.stringify(result));
} catch (errors) {
  checkRefused('wrong query over WebSocket:', errors);
}
await client.dispose();
process.exit(0);
