// What is chosen to be run: operations of frontends, and what a run of one gives.
import { match, plan } from './plan.js';

// operationsOf are the operations of a frontend: {id, name, query, variables};
// variables are JSON text.
export function operationsOf(frontends, editor, frontend) {
  const text = variables => (typeof variables === 'string' ? variables : variables ? JSON.stringify(variables, null, 2) : '');
  const own = frontends.find(one => one.name === frontend)?.operations ?? [];
  const operations = own.map((one, i) => ({ id: `${i}`, name: one.name, query: one.query, variables: text(one.variables) }));
  if (editor?.frontend === frontend)
    operations.push(edited(editor, text(editor.variables)));
  if (operations.length === 0) operations.push({ id: 'typename', name: '__typename', query: '{ __typename }', variables: '' });
  return operations;
}

// edited is the operation in the editor: the one of its document that was run last, or the first.
function edited({ query, operationName }, variables) {
  const name = plan({ query, operationName }).operation?.name;
  return { id: 'editor', name: `${name || 'operation'} (in the editor)`, operationName: name, query, variables };
}

// choiceOf is {frontend, id}: an operation by its id or name, else the first. A
// choice has variables too when they have been changed.
export function choiceOf(frontends, editor, frontend, operation) {
  const operations = operationsOf(frontends, editor, frontend);
  return { frontend, id: (operations.find(one => one.name === operation || one.id === operation) ?? operations[0]).id };
}

// resolve adds what an operation is at this moment to a choice.
export function resolve({ frontend, id, variables }, frontends, editor) {
  const operations = operationsOf(frontends, editor, frontend);
  const operation = operations.find(one => one.id === id) ?? operations[0];
  return { ...operation, frontend, variables: variables ?? operation.variables };
}

// firstChoices are those of a link, if it names an operation; else what is in the
// editor, if it can be run; else the first operation.
export function firstChoices(frontends, editor, initial) {
  const known = name => frontends.some(one => one.name === name);
  const main = known(initial?.frontend) ? initial.frontend : frontends[0]?.name;
  if (main === undefined) return [];
  const inEditor = resolve({ frontend: main, id: 'editor' }, frontends, editor);
  const operations = operationsOf(frontends, editor, main);
  const same = operations.find(({ query, variables }) => query === inEditor.query && variables === inEditor.variables); // an example, as it is
  const named = initial?.operation && operations.some(one => one.name === initial.operation);
  const operation = named || mistakeOf(inEditor) ? initial?.operation : same.id;
  const choices = [choiceOf(frontends, editor, main, operation)];
  const other = initial?.compare;
  if (known(other?.frontend) && other.frontend !== main) choices.push(choiceOf(frontends, editor, other.frontend, other.operation));
  return choices;
}

// linkOf is what firstChoices makes choices of; the operation in the editor has no name there.
export function linkOf([main, other]) {
  const named = ({ frontend, id, name }) => ({ frontend, operation: id === 'editor' ? '' : name });
  return { ...named(main), ...(other && { compare: named(other) }) };
}

// isQuery reports whether a choice can be run without being asked for: it
// changes nothing, and nothing is wrong with it.
export const isQuery = choice => !mistakeOf(choice) && chosen(choice).operation.type === 'query';

// chosen is the plan of a choice; more is what plan needs besides the operation.
const chosen = ({ query, operationName, name }, more) => plan({ query, operationName: operationName ?? name, ...more });

// mistakeOf says why a choice can't be run; it is empty otherwise.
export function mistakeOf(choice) {
  const { error, operation } = chosen(choice);
  if (error) return `${choice.frontend}: ${error}`;
  if (operation.type === 'subscription') return 'A subscription stays open: run it in the editor.';
  try {
    valuesOf(choice);
  } catch (cause) {
    return `The variables of ${choice.frontend} are not JSON: ${cause.message}`;
  }
  return '';
}

const valuesOf = ({ variables }) => JSON.parse(variables || '{}');

// planOf is the plan of a choice, by the routing of its frontend.
export function planOf(choice, routing) {
  const variables = mistakeOf(choice) ? {} : valuesOf(choice);
  return chosen(choice, { variables, sdl: routing?.sdl, routes: routing?.routes?.routes });
}

// runOf sends a choice: {frontend, name, plan, answer, explain, matched}.
export async function runOf(choice, routing, request) {
  const planned = planOf(choice, routing);
  const operationName = planned.operation.name || undefined;
  const answer =
    (await request(choice.frontend, { query: choice.query, variables: valuesOf(choice), operationName, extensions: { explain: true } })) ?? {};
  const explain = answer.body?.extensions?.explain;
  const errors = answer.body?.errors;
  const matched = match(planned, explain, Array.isArray(errors) ? errors : []);
  return { frontend: choice.frontend, name: operationName ?? choice.name, plan: planned, answer, explain, matched };
}
