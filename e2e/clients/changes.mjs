// Compares pairs of schemas with graphql-js, for internal/schemadiff to compare
// with: a list of {"old", "new"} from stdin; to stdout a list of lists of
// {"type", "of"}, where of is the coordinate of what changed. A standard scalar
// that a schema does not use is no change here.
import { readFileSync } from 'node:fs'
import { assertValidSchema, buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql'

const coordinates = [
  [/^(\w+) was removed from union type (\w+)\.$/, '$2'],
  [/^(\w+) was added to union type (\w+)\.$/, '$2'],
  [/^(\w+) was (?:removed from|added to) enum type (\w+)\.$/, '$2.$1'],
  [/^An? (?:required|optional) field (\w+) on input type (\w+) was added\.$/, '$2.$1'],
  [/^(\w+) no longer implements interface \w+\.$/, '$1'],
  [/^\w+ added to interfaces implemented by (\w+)\.$/, '$1'],
  [/^An? (?:required|optional) arg (\w+) on (\w+\.\w+) was added\.$/, '$2($1:)'],
  [/^A required arg (\w+) on directive (\w+) was added\.$/, '@$2($1:)'],
  [/^(\w+\.\w+) arg (\w+) .*$/, '$1($2:)'],
  [/^(\w+\.\w+) .*$/, '$1'],
  [/^Repeatable flag was removed from (\w+)\.$/, '@$1'],
]

const coordinate = ({ type, description }) => {
  if (type === 'DIRECTIVE_REMOVED') return '@' + description.split(' ')[0]
  if (type === 'DIRECTIVE_ARG_REMOVED') return description.replace(/^(\w+) was removed from (\w+)\.$/, '@$2($1:)')
  if (type === 'DIRECTIVE_LOCATION_REMOVED') return description.replace(/^\w+ was removed from (\w+)\.$/, '@$1')
  for (const [pattern, of] of coordinates) if (pattern.test(description)) return description.replace(pattern, of)
  return description.split(' ')[0]
}

const build = (text) => {
  const schema = buildSchema(text)
  assertValidSchema(schema)
  return schema
}

const changes = ({ old, new: after }) => {
  const schemas = [build(old), build(after)]
  return [...findBreakingChanges(...schemas), ...findDangerousChanges(...schemas)]
    .filter(({ description }) => !description.startsWith('Standard scalar'))
    .map((change) => ({ type: change.type, of: coordinate(change) }))
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(changes)))
