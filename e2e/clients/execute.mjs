// Executes operations with graphql-js over the service of the project
// internal/bindgen/testdata/projects/compiled.txtar: reads {sdl} and then lines of
// {query, base} from stdin, base being the URL of the service, and writes a line
// [{data, errors: [path]}, …] for each, an item for each response. Values of the service are read as strictly as
// Portico reads them.
import { createInterface } from 'node:readline'
import { buildSchema, execute, parse, subscribe } from 'graphql'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const schema = buildSchema(JSON.parse((await lines.next()).value).sdl)

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isInt = (value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31
// An ID may be any number, of which Portico keeps the text (docs/bindings.md).
const isID = (value) => ['string', 'number'].includes(typeof value)

function strict(name, accepts, write = (value) => value) {
	schema.getType(name).serialize = (value) => {
		if (!accepts(value)) throw new Error(`not a ${name}`)
		return write(value)
	}
}
strict('Int', isInt)
strict('Float', (value) => typeof value === 'number')
strict('String', (value) => typeof value === 'string')
strict('Boolean', (value) => typeof value === 'boolean')
strict('ID', isID, String)
strict('Kind', (value) => typeof value === 'string' && /^[xyz]$/i.test(value), (value) => value.toUpperCase())
strict('DateTime', (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value))
strict('JSON', () => true)

// An object that is none fails where it is.
for (const name of ['Alpha', 'Beta']) schema.getType(name).isTypeOf = (value) => isObject(value)
for (const name of ['Node', 'Any']) schema.getType(name).resolveType = (value) => value.type

async function get(context, path, method = 'GET') {
	const response = await fetch(context.base + path, { method })
	if (!response.ok) throw new Error(`status ${response.status}`)
	return response.json()
}

// rows returns what a batch has for the key of a parent.
async function rows(context, path, parent, key) {
	if (!isID(parent.id)) throw new Error('the key has a fault')
	const id = String(parent.id)
	if (id === '') return []
	const all = (await get(context, `${path}?id=${encodeURIComponent(id)}`)) ?? []
	return all.filter((row) => isObject(row) && row[key] === id)
}

const alpha = (value) => ({ ...value, type: 'Alpha' })
const beta = (value) => ({ ...value, type: 'Beta' })
const list = async (context, first) => [beta({ id: 'b', text: 't' }), ...(await get(context, '/alphas')).slice(0, first).map(alpha)]
const slice = (value, first) => (Array.isArray(value) ? value.slice(0, first) : value)

const resolvers = {
	Query: {
		alpha: (_, __, context) => get(context, '/alpha'),
		sure: (_, __, context) => get(context, '/sure'),
		alphas: async (_, { first }, context) => slice(await get(context, '/alphas'), first),
		maybes: (_, __, context) => get(context, '/maybes'),
		grid: (_, __, context) => get(context, '/grid'),
		texts: (_, __, context) => get(context, '/texts'),
		node: async (_, __, context) => alpha(await get(context, '/alpha')),
		nodes: async (_, { first }, context) => {
			const all = await list(context, first)
			return all.length === 3 ? [...all, null] : all
		},
		anys: async (_, __, context) => [...(await list(context, 4)), null],
		kind: () => {
			throw new Error('no kind')
		},
	},
	Mutation: {
		set: (_, __, context) => get(context, '/set', 'POST'),
		must: (_, __, context) => get(context, '/must', 'POST'),
	},
	Alpha: {
		beta: async (parent, _, context) => (await rows(context, '/betas', parent, 'id')).at(-1) ?? null,
		betas: (parent, _, context) => rows(context, '/all', parent, 'of'),
		one: (parent, _, context) => {
			if (!isInt(parent.n)) throw new Error('the key has a fault')
			return get(context, `/one/${parent.n}`)
		},
		upper: ({ name }) => {
			if (name === '') throw new Error('empty')
			return typeof name === 'string' ? name.toUpperCase() : null
		},
		friends: ({ kids, own }, { first }) => [...(kids ?? []).map(alpha), beta(own)].slice(0, first ?? undefined),
		other: ({ n, self, own }) => {
			if (n === 5) throw new Error('five')
			return self ? alpha(self) : beta(own)
		},
	},
	Beta: {
		alpha: async (parent, _, context) => (await rows(context, '/alphas-of', parent, 'id')).at(-1) ?? null,
	},
}
for (const [type, fields] of Object.entries(resolvers)) {
	for (const [name, resolve] of Object.entries(fields)) schema.getType(type).getFields()[name].resolve = resolve
}

// graphql-js leaves what else fails in a list or an object that is null already.
process.on('unhandledRejection', () => {})

for (const field of Object.values(schema.getSubscriptionType().getFields())) {
	field.subscribe = async (_, __, context) => {
		const events = (await get(context, '/maybes')) ?? []
		if (!Array.isArray(events)) throw new Error('not a list')
		return (async function* () {
			for (const event of events) yield { event }
		})()
	}
	field.resolve = ({ event }) => event
}

async function* responses({ query, base }) {
	const document = parse(query)
	const call = { schema, document, contextValue: { base } }
	if (document.definitions[0].operation !== 'subscription') {
		yield await execute(call)
		return
	}
	const events = await subscribe(call)
	if (Symbol.asyncIterator in events) yield* events
	else yield events
}

for await (const line of lines) {
	const all = []
	for await (const { data, errors = [] } of responses(JSON.parse(line))) all.push({ data, errors: errors.map(({ path }) => path) })
	console.log(JSON.stringify(all))
}
