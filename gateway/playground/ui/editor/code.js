// A request as code of clients.

const quoted = text => `'${text.replaceAll("'", `'\\''`)}'`; // for a POSIX shell
const template = text => '`\n' + text.trim().replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${') + '\n`';
const json = value => JSON.stringify(value, null, 2);
const hasVariables = ({ variables }) => Object.keys(variables).length > 0;

function body(request) {
  const { query, variables, operationName } = request;
  return { query, ...(hasVariables(request) && { variables }), ...(operationName && { operationName }) };
}

const kinds = {
  curl: request =>
    [
      `curl ${quoted(request.url)}`,
      `--header 'Content-Type: application/json'`,
      ...(request.signedIn ? ['--header "Authorization: Bearer $TOKEN"'] : []),
      `--data ${quoted(json(body(request)))}`,
    ].join(' \\\n  ') + '\n',

  fetch: request => `const response = await fetch(${JSON.stringify(request.url)}, {
  method: 'POST',
  headers: {
    'Content-Type': 'application/json',${request.signedIn ? "\n    Authorization: `Bearer ${token}`," : ''}
  },
  body: JSON.stringify({
    query: ${template(request.query)},${hasVariables(request) ? `\n    variables: ${indented(json(request.variables), 4)},` : ''}${
      request.operationName ? `\n    operationName: ${JSON.stringify(request.operationName)},` : ''
    }
  }),
});
const { data, errors } = await response.json();
`,

  'Apollo Client': request => `import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: new HttpLink({
    uri: ${JSON.stringify(request.url)},${request.signedIn ? '\n    headers: { Authorization: `Bearer ${token}` },' : ''}
  }),
});

const { data } = await client.${request.type === 'mutation' ? 'mutate' : 'query'}({
  ${request.type === 'mutation' ? 'mutation' : 'query'}: gql${template(request.query)},${
    hasVariables(request) ? `\n  variables: ${indented(json(request.variables), 2)},` : ''
  }
});
`,

  urql: request => `import { Client, fetchExchange, gql } from '@urql/core';

const client = new Client({
  url: ${JSON.stringify(request.url)},
  exchanges: [fetchExchange],
  preferGetMethod: false,${request.signedIn ? '\n  fetchOptions: () => ({ headers: { Authorization: `Bearer ${token}` } }),' : ''}
});

const { data, error } = await client
  .${request.type === 'mutation' ? 'mutation' : 'query'}(gql${template(request.query)}, ${indented(json(request.variables), 2)})
  .toPromise();
`,
};

function indented(text, spaces) {
  return text.replaceAll('\n', '\n' + ' '.repeat(spaces));
}

// The clients that there is code for.
export const clients = Object.keys(kinds);

// code returns a request as code of a client. The request has a url, a query, variables (an object), an
// operationName, the operation's type, and whether it is signedIn: the code has a token by name, never the token itself.
export function code(client, request) {
  return kinds[client](request);
}
