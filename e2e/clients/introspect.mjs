// Introspects a schema with graphql-js, for the gateway to compare with: the
// schema from stdin; to stdout {"query", "data"}.
import { readFileSync } from 'node:fs'
import { buildSchema, getIntrospectionQuery, graphqlSync } from 'graphql'

const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true })
// What it asks for by default, and what a type has by any kind.
const defaults = `query Defaults { __schema { types {
  name fields { name args { name } } enumValues { name } inputFields { name } interfaces { name } possibleTypes { name } ofType { name } specifiedByURL isOneOf
} directives { name args { name } } } }`
const schema = buildSchema(readFileSync(0, 'utf8'))
console.log(JSON.stringify([query, defaults].map((source) => ({ query: source, data: graphqlSync({ schema, source }).data }))))
