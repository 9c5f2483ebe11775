// Says what graphql-js makes of requests: reads {sdl, cases: [{document,
// variables}]} from stdin and writes a verdict for each. A verdict is "syntax",
// "invalid", "input" or "ok"; with "ok" come the arguments of the fields that
// were executed, by their paths.
import { buildSchema, execute, GraphQLError, parse, subscribe, validate, valueFromASTUntyped } from 'graphql'

let text = ''
for await (const chunk of process.stdin) text += chunk
const { sdl, cases } = JSON.parse(text)
const schema = buildSchema(sdl)

const odd = schema.getType('Odd')
odd.parseValue = (value) => {
	if (typeof value !== 'number' || !Number.isInteger(value) || value % 2 === 0) throw new GraphQLError('not odd')
	return value
}
odd.parseLiteral = (node, variables) => odd.parseValue(valueFromASTUntyped(node, variables))

let seen
function record(_source, args, _context, info) {
	const path = []
	for (let at = info.path; at; at = at.prev) path.unshift(at.key)
	seen[path.join('.')] = args
	return info.returnType.toString() === 'Query' ? {} : null
}
for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
	for (const field of Object.values(type.getFields())) {
		field.resolve = record
		field.subscribe = (...call) => {
			record(...call)
			return (async function* () {})()
		}
	}
}

async function verdict({ document, variables }) {
	let tree
	try {
		tree = parse(document)
	} catch {
		return { verdict: 'syntax' }
	}
	let mistakes
	try {
		mistakes = validate(schema, tree)
	} catch (error) { // the rule of subscriptions evaluates conditions
		mistakes = [error]
	}
	if (mistakes.length > 0) return { verdict: 'invalid', why: mistakes[0].message }
	const operation = tree.definitions.find((d) => d.kind === 'OperationDefinition')
	seen = {}
	const run = operation.operation === 'subscription' ? subscribe : execute
	let result
	try {
		result = await run({ schema, document: tree, operationName: operation.name?.value, variableValues: variables ?? {} })
	} catch (error) { // of the conditions at the root of a subscription
		return { verdict: 'input', why: error.message }
	}
	if (result.errors) return { verdict: 'input', why: result.errors[0].message }
	return { verdict: 'ok', arguments: seen }
}

const verdicts = []
for (const one of cases) verdicts.push(await verdict(one))
process.stdout.write(JSON.stringify(verdicts))
