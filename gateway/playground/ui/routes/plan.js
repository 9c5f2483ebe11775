// What an operation will call: its fields that calls resolve, by path and level.
import { buildASTSchema, getNamedType, isAbstractType, isCompositeType, parse } from 'graphql';

export { match } from './match.js';

// plan returns the routed fields of an operation, in the order of the document:
// {operation: {name, type} | null, error, entries, levels, routes}. An entry is
// {path, field, service, call, route, each, level}: path is its place in the
// answer without indexes of lists, level is one more than the number of routed
// fields above it. Without an SDL or routes there are no entries. error says why
// the document can't be read; it is empty otherwise.
export function plan({ query, operationName, variables, sdl, routes }) {
  const result = { operation: null, error: '', entries: [], levels: 0, routes: Array.isArray(routes) ? routes.filter(Boolean) : [] };
  let document;
  try {
    document = parse(query ?? '');
  } catch (cause) {
    return { ...result, error: cause.message };
  }
  const operations = document.definitions.filter(node => node.kind === 'OperationDefinition');
  const operation = operations.find(node => node.name?.value === operationName) ?? operations[0];
  if (!operation) return { ...result, error: 'The document has no operation.' };
  result.operation = { name: operation.name?.value ?? '', type: operation.operation };
  const schema = schemaOf(sdl);
  const root = schema?.getRootType(operation.operation);
  if (!root || result.routes.length === 0) return result;
  const walker = new Walker(schema, document, result.routes, valuesOf(operation, variables));
  walker.walk({ type: root, possible: new Set([root.name]), path: '', level: 1, within: [] }, operation.selectionSet);
  result.entries = walker.entries;
  result.levels = Math.max(0, ...result.entries.map(entry => entry.level));
  return result;
}

function schemaOf(sdl) {
  if (!sdl) return null;
  try {
    return buildASTSchema(parse(sdl), { assumeValid: true, assumeValidSDL: true });
  } catch {
    return null; // as if it were missing
  }
}

// valuesOf returns the Boolean variables, which are what conditions read.
function valuesOf(operation, variables) {
  const values = {};
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    values[name] = variables?.[name] ?? defaultValue?.value;
  }
  return values;
}

class Walker {
  constructor(schema, document, routes, values) {
    this.schema = schema;
    this.values = values;
    this.fragments = new Map(document.definitions.filter(node => node.kind === 'FragmentDefinition').map(node => [node.name.value, node]));
    this.routes = grouped(routes);
    this.entries = [];
    this.known = new Set();
  }

  // walk visits the selections of a place: its static type, the names of the
  // object types it can be, its path, the level of calls there, and the names
  // of the fragments it is within.
  walk(place, selectionSet) {
    for (const node of selectionSet?.selections ?? []) {
      if (!this.included(node)) continue;
      if (node.kind === 'Field') this.field(place, node);
      else this.fragment(place, node);
    }
  }

  fragment(place, node) {
    const name = node.kind === 'FragmentSpread' ? node.name.value : '';
    const fragment = name ? this.fragments.get(name) : node;
    if (!fragment || place.within.includes(name)) return; // unknown, or a cycle
    const type = fragment.typeCondition ? this.schema.getType(fragment.typeCondition.name.value) : place.type;
    if (!isCompositeType(type)) return;
    const possible = new Set(this.possible(type).filter(one => place.possible.has(one)));
    this.walk({ ...place, type, possible, within: name ? [...place.within, name] : place.within }, fragment.selectionSet);
  }

  field(place, node) {
    const name = node.name.value;
    const path = (place.path ? place.path + '.' : '') + (node.alias ?? node.name).value;
    const types = new Set([place.type.name, ...place.possible]);
    const routed = [...types].flatMap(type => this.routes.get(`${type}.${name}`) ?? []);
    for (const route of routed) this.add({ path, level: place.level, ...route });
    const type = getNamedType(place.type.getFields?.()[name]?.type);
    if (!isCompositeType(type)) return;
    const level = place.level + (routed.length > 0 ? 1 : 0);
    this.walk({ ...place, type, possible: new Set(this.possible(type)), path, level }, node.selectionSet);
  }

  add({ path, level, field, service = '', call = '', route = '', each = false }) {
    const key = [path, field, service, call, route].join('\n');
    if (this.known.has(key)) return;
    this.known.add(key);
    this.entries.push({ path, field, service, call, route, each, level });
  }

  possible(type) {
    return isAbstractType(type) ? this.schema.getPossibleTypes(type).map(one => one.name) : [type.name];
  }

  included(node) {
    return (node.directives ?? []).every(({ name, arguments: [condition] = [] }) => {
      if (name.value !== 'skip' && name.value !== 'include') return true;
      const value = condition?.value;
      const is = value?.kind === 'Variable' ? this.values[value.name.value] : value?.value;
      return is === undefined || is === (name.value === 'include');
    });
  }
}

function grouped(routes) {
  const byField = new Map();
  for (const route of routes) byField.set(route.field, [...(byField.get(route.field) ?? []), route]);
  return byField;
}
