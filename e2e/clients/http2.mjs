// Queries and subscriptions over one connection of HTTP/2.
//
//	node http2.mjs https://127.0.0.1:8443 ca.pem
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';

const [url, ca] = process.argv.slice(2);
const session = connect(url, { ca: readFileSync(ca) });
session.on('error', (error) => {
  console.error(error);
  process.exit(1);
});

// open sends an operation and returns its stream when its answer has begun.
const open = (query, accept) =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/graphql/web', 'content-type': 'application/json', accept });
    stream.setEncoding('utf8');
    stream.on('error', reject);
    stream.on('response', () => resolve(stream));
    stream.end(JSON.stringify({ query }));
  });

const all = async (stream) => {
  let text = '';
  for await (const part of stream) text += part;
  return text;
};

console.log(await all(await open('{ __typename }', 'text/event-stream')));
const subscriptions = [];
for (let i = 0; i < 20; i++) {
  subscriptions.push(await open('subscription { stockChanged(productId: "p1") { available } }', 'text/event-stream'));
}
const answers = await Promise.all(Array.from({ length: 50 }, async () => all(await open('{ product(id: "p1") { id } }', 'application/json'))));
if (!answers.every((text) => text === '{"data":{"product":{"id":"p1"}}}')) throw new Error(answers.join('\n'));
console.log('subscriptions:', subscriptions.length);
for (const stream of subscriptions) stream.close();
session.close();
