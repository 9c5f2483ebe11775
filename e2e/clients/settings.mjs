// What the clients run against, and how: node FILE [URL [QUERY [SUBSCRIPTION]]]
// The subscription must give an event without being asked twice.
const [, , url, query, subscription] = process.argv;

export const settings = {
  url: url ?? 'http://127.0.0.1:8080/graphql/web',
  query: query ?? '{ __typename }',
  subscription: subscription ?? 'subscription { stockChanged(productId: "p1") { productId available } }',
};

// check prints what came and fails if it is not data alone.
export function check(what, result) {
  console.log(what, JSON.stringify(result));
  if (!result?.data || result.errors) throw new Error(`${what}: not data alone`);
}

// checkRefused wants errors that can be acted on.
export function checkRefused(what, errors) {
  console.log(what, JSON.stringify(errors));
  if (errors?.[0]?.extensions?.code !== 'GRAPHQL_VALIDATION_FAILED') throw new Error(`${what}: not refused as invalid`);
}

// patience ends a client that waits in vain.
export const patience = AbortSignal.timeout(20_000);
patience.addEventListener('abort', () => {
  console.error('waited in vain');
  process.exit(1);
});
