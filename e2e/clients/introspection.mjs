// Asks for the schema as tools do, and builds it.
import { buildClientSchema, getIntrospectionQuery } from 'graphql'
import { settings } from './settings.mjs'

const options = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true }
const response = await fetch(settings.url, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ query: getIntrospectionQuery(options) }),
})
const { data, errors } = await response.json()
if (errors) throw new Error(JSON.stringify(errors))
const schema = buildClientSchema(data)
console.log(`${Object.keys(schema.getTypeMap()).length} types`)
