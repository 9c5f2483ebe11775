// Computes costs by graphql-query-complexity, for gateway/cost to compare with:
// {"sdl", "cases": [{"document", "variables"}]} from stdin, a list of numbers to
// stdout. The library walks documents; what a field costs is told here, from
// the directives, as docs/cost.md has it.
import { readFileSync } from 'node:fs'
import { buildSchema, getNamedType, isAbstractType, isCompositeType, isInputObjectType, isListType, isNonNullType, parse, valueFromASTUntyped } from 'graphql'
import { getComplexity } from 'graphql-query-complexity'

const { sdl, cases } = JSON.parse(readFileSync(0, 'utf8'))
const schema = buildSchema(sdl)
const assumed = 10

const directive = (node, name) => {
  const found = node?.directives?.find((d) => d.name.value === name)
  return found && Object.fromEntries(found.arguments.map((a) => [a.name.value, valueFromASTUntyped(a.value)]))
}

const ownWeight = (type) => {
  const cost = directive(type.astNode, 'cost')
  return cost ? Number(cost.weight) : isCompositeType(type) ? 1 : 0
}

const typeWeight = (type) => (isAbstractType(type) ? Math.max(ownWeight(type), ...schema.getPossibleTypes(type).map(ownWeight)) : ownWeight(type))

const fieldWeight = (field) => {
  const cost = directive(field.astNode, 'cost')
  return cost ? Number(cost.weight) : typeWeight(getNamedType(field.type))
}

const inputCost = (definition, value) => {
  if (value === null || value === undefined) return 0
  const type = getNamedType(definition.type)
  const cost = directive(definition.astNode, 'cost')
  const weight = cost ? Number(cost.weight) : isInputObjectType(type) ? 0 : ownWeight(type)
  return weight + membersCost(type, value)
}

const membersCost = (type, value) => {
  if (!isInputObjectType(type) || value === null) return 0
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + membersCost(type, item), 0)
  return Object.values(type.getFields()).reduce((sum, field) => sum + inputCost(field, value[field.name]), 0)
}

const lists = (type) => (isNonNullType(type) ? lists(type.ofType) : isListType(type) ? 1 + lists(type.ofType) : 0)

const at = (args, path) => path.split('.').reduce((value, name) => value?.[name], args)

const size = (listSize, args) => {
  const given = (listSize?.slicingArguments ?? []).map((path) => at(args, path)).filter((n) => typeof n === 'number')
  return given.length > 0 ? Math.max(0, ...given) : listSize?.assumedSize ?? assumed
}

// What is below a field with sizedFields is multiplied by its length, which the
// library tells only there: until then it is counted in another digit, in halves,
// which all weights are multiples of.
const digit = 2 ** 24
const sized = new Set(['Connection.nodes'])

const estimator = ({ type, field, args, childComplexity }) => {
  if (field.name.startsWith('__')) return 0
  const listSize = directive(field.astNode, 'listSize')
  const depth = lists(field.type)
  let below = childComplexity
  if (listSize?.sizedFields) below = (childComplexity % digit) + (Math.floor(childComplexity / digit) / 2) * size(listSize, args)
  let cost = fieldWeight(field) + below
  const isSized = sized.has(`${type.name}.${field.name}`)
  if (depth > 0 && !isSized) cost *= size(listSize?.sizedFields ? undefined : listSize, args)
  if (depth > 1) cost *= assumed ** (depth - 1)
  cost += field.args.reduce((sum, arg) => sum + inputCost(arg, args[arg.name]), 0)
  cost = Math.max(cost, 0)
  return isSized ? cost * 2 * digit : cost
}

const costs = cases.map(({ document, variables }) => {
  const query = parse(document)
  const base = query.definitions[0].operation === 'mutation' ? 10 : 0
  return base + getComplexity({ schema, query, variables, estimators: [estimator], maxQueryNodes: 1e6 })
})
console.log(JSON.stringify(costs))
