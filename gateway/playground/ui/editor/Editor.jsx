// The editor: GraphiQL for one frontend.
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { MONACO_THEME_DATA } from '../node_modules/@graphiql/react/dist/constants.js'; // it is not exported
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { Kind, buildSchema, parse } from 'graphql';
import { useEffect, useMemo, useRef, useState } from 'react';
import { authorization, copy, load, post } from '../session.js';
import { Answer } from './answer.jsx';
import { codePanel, parseVariables, trustedPanel } from './panels.jsx';
import { referencePanel } from './reference.jsx';
import '@graphiql/react/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './editor.css';

// Colors of the editors that can be read on their backgrounds.
MONACO_THEME_DATA.light.rules.push({ token: 'number', foreground: '#07704a' }, { token: 'comment', foreground: '#007000' }, { token: 'argument.identifier.gql', foreground: '#5550bd' });
MONACO_THEME_DATA.dark.rules.push({ token: 'comment', foreground: '#8fc077' });

// Workers are files of their own beside this one; see build.mjs.
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const name = { json: 'json', graphql: 'graphql' }[label] ?? 'editor';
    return new Worker(new URL(globalThis.porticoWorkers[name], import.meta.url), { type: 'module' });
  },
};

// withoutHeaders takes headers out of what is stored: the history would keep
// tokens, whatever shouldPersistHeaders says.
function withoutHeaders(text) {
  try {
    return JSON.stringify(JSON.parse(text), (key, value) => (key === 'headers' ? null : value));
  } catch {
    return text; // not JSON, such as the theme
  }
}

// storageOf keeps each frontend's tabs apart.
function storageOf(frontend) {
  const prefix = `portico:${frontend}:`;
  const own = () => Object.keys(localStorage).filter(key => key.startsWith(prefix));
  return {
    get length() {
      return own().length;
    },
    getItem: key => localStorage.getItem(prefix + key),
    setItem: (key, value) => localStorage.setItem(prefix + key, key.endsWith(':variables') ? value : withoutHeaders(value)),
    removeItem: key => localStorage.removeItem(prefix + key),
    clear: () => own().forEach(key => localStorage.removeItem(key)),
  };
}

// fetcherOf returns how GraphiQL sends operations: queries and mutations by POST, subscriptions over a
// WebSocket. tell gets to know of each answer by POST but those of introspection; of a subscription it gets
// undefined. Requests ask for the cost and, where the gateway explains, for the explanation; these are taken out
// of the answer that is shown.
function fetcherOf(frontend, tell) {
  const url = new URL(frontend.endpoint, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const subscribe = createGraphiQLFetcher({ url: frontend.endpoint, subscriptionUrl: url.href }); // the headers go into connection_init
  return async (asked, options) => {
    const { operation, params } = understood(asked);
    if (operation?.operation === 'subscription') {
      tell(undefined);
      const documentAST = { kind: Kind.DOCUMENT, definitions: [operation] }; // what GraphiQL understood may be another one
      return subscribe({ ...params, operationName: operation.name?.value }, { ...options, documentAST, headers: { ...authorization(), ...options?.headers } });
    }
    if (params.operationName === 'IntrospectionQuery') return (await post(frontend.endpoint, params, options?.headers)).body;
    const extensions = { cost: true, ...(frontend.explain && { explain: true }) };
    const { body, ...answer } = await post(frontend.endpoint, { ...params, extensions }, options?.headers);
    const { cost, explain, ...others } = body.extensions ?? {};
    const { extensions: _, ...shown } = body;
    tell({ ...answer, cost, explain, errors: body.errors ?? [] });
    return Object.keys(others).length > 0 ? { ...shown, extensions: others } : shown;
  };
}

// understood returns the operation that a request means. GraphiQL takes the operation's name from what it understood of
// the editor last, which may be another document.
function understood(params) {
  let operations;
  try {
    operations = parse(params.query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  } catch {
    return { params }; // the gateway says what is wrong
  }
  const named = operations.find(({ name }) => name && name.value === params.operationName);
  if (named || !params.operationName) return { operation: named ?? operations[0], params };
  const { operationName: _, ...others } = params;
  return { operation: operations[0], params: others };
}

// sharedOperation returns the operation of a link: its text, or that of an example of the name.
function sharedOperation(frontend, { operation, variables }) {
  if (!operation) return null;
  const query = frontend.operations.find(({ name }) => name === operation)?.query ?? operation;
  return { query, variables: variables || null };
}

// activeTab returns what was in the editor when the page was left, or null. GraphiQL restores it only if it had been edited, and
// would empty the tab otherwise.
function activeTab(storage) {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage.getItem('graphiql:tabState'));
    const { query, variables } = tabs[activeTabIndex];
    return query ? { query, variables } : null;
  } catch {
    return null;
  }
}

const welcome = '# Ask something: press Ctrl and Space for what there is.\n\n{\n  __typename\n}\n';

export default function Editor(props) {
  return <FrontendEditor key={props.frontend.name} {...props} />;
}

function FrontendEditor({ frontend, place, theme, token, onEdit, showRoutes }) {
  const [answer, setAnswer] = useState(null);
  const trusted = useTrusted(frontend, token);
  const schema = useSchema(frontend, token);
  const signedIn = useRef(token);
  signedIn.current = token;
  const { fetcher, storage, shared, restored, fixed } = useMemo(
    () => ({
      fetcher: fetcherOf(frontend, setAnswer),
      storage: storageOf(frontend.name),
      shared: sharedOperation(frontend, place),
      restored: activeTab(storageOf(frontend.name)),
      fixed: { reference: referencePanel(frontend), panels: [explorerPlugin({ hideActions: true }), codePanel(frontend.endpoint, () => signedIn.current), HISTORY_PLUGIN] },
    }),
    [frontend.name], // what a link says counts when it is opened
  );
  const plugins = useMemo(() => (trusted ? [...fixed.panels, trustedPanel(trusted.mode, trusted.documents)] : fixed.panels), [fixed, trusted]);
  const examples = shared ? [shared, ...frontend.operations.filter(({ query }) => query !== shared.query)] : frontend.operations;
  const first = shared ?? restored;
  return (
    <>
      {trusted?.mode === 'only' && (
        <p className="pc-notice">Only trusted documents are executed here: the panel Trusted documents lists them.</p>
      )}
      <GraphiQL
        fetcher={fetcher}
        schema={schema}
        storage={storage}
        forcedTheme={theme ?? 'system'}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
        isHeadersEditorEnabled
        defaultEditorToolsVisibility="variables"
        defaultQuery={welcome}
        initialQuery={first?.query}
        initialVariables={first?.variables ?? undefined}
        defaultTabs={examples.length > 0 ? examples : undefined}
        referencePlugin={fixed.reference}
        plugins={plugins}
      >
        <GraphiQL.Logo>
          <Share frontend={frontend} />
          <SchemaFor token={token} />
          <Edited frontend={frontend.name} onEdit={onEdit} />
        </GraphiQL.Logo>
        <GraphiQL.Footer>
          <Answer answer={answer} explained={frontend.explain} routes={showRoutes} />
        </GraphiQL.Footer>
      </GraphiQL>
    </>
  );
}

// useTrusted returns the trusted documents of a frontend: null if it has none, and with documents null if they are not shown
// to this caller.
function useTrusted(frontend, token) {
  const [trusted, setTrusted] = useState(null);
  useEffect(() => {
    if (frontend.documents === 'off') return undefined;
    let current = true;
    const none = { mode: frontend.documents, documents: null };
    load(frontend.documentsURL).then(
      text => current && setTrusted(text ? JSON.parse(text) : none),
      () => current && setTrusted(none), // each answer says what is wrong
    );
    return () => {
      current = false;
    };
  }, [frontend.documentsURL, token]);
  return trusted;
}

// useSchema returns the schema of a frontend that executes trusted documents only: the operation of introspection is none. Of
// others it is undefined, and GraphiQL reads it.
function useSchema(frontend, token) {
  const only = frontend.documents === 'only';
  const [schema, setSchema] = useState(only ? null : undefined);
  useEffect(() => {
    if (!only) return undefined;
    let current = true;
    load(frontend.schemaURL).then(
      text => current && setSchema(text && buildSchema(text)),
      () => current && setSchema(null), // each answer says what is wrong
    );
    return () => {
      current = false;
    };
  }, [only, frontend.schemaURL, token]);
  return schema;
}

// SchemaFor reads the schema again when the caller is another one, who may read it or not.
function SchemaFor({ token }) {
  const { introspect } = useGraphiQLActions();
  const schema = useGraphiQL(state => state.schema);
  const before = useRef(token);
  useEffect(() => {
    if (before.current !== token && !schema) introspect();
    before.current = token;
  }, [token, schema, introspect]);
  return null;
}

// Edited reports what the editor holds, from its first render.
function Edited({ frontend, onEdit }) {
  const { tabs, activeTabIndex } = useGraphiQL(pick('tabs', 'activeTabIndex'));
  const { query, operationName, variables } = tabs[activeTabIndex] ?? {};
  useEffect(() => {
    onEdit({ frontend, query: query ?? '', operationName: operationName ?? undefined, variables: variables ?? '' });
  }, [frontend, query, operationName, variables, onEdit]);
  return null;
}

// Share copies a link to the operation in the editor.
function Share({ frontend }) {
  const { tabs, activeTabIndex } = useGraphiQL(pick('tabs', 'activeTabIndex'));
  const [copied, setCopied] = useState(null);
  const { query, variables } = tabs[activeTabIndex];
  const example = frontend.operations.find(one => one.query === query);
  const params = new URLSearchParams({ frontend: frontend.name, operation: example?.name ?? query ?? '' });
  if (Object.keys(parseVariables(variables)).length > 0) params.set('variables', variables);
  const link = new URL(`?${params}`, location.href).href;
  return (
    <button
      type="button"
      className="pc-share"
      title="Copy a link to this operation and its variables"
      onClick={async () => {
        if (await copy(link)) setCopied(link);
        else history.replaceState(null, '', link);
      }}
    >
      {copied === link ? 'Link copied' : 'Share'}
    </button>
  );
}
