// The playground: GraphiQL with a switch between the gateway's frontends.
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { useGraphiQL } from '@graphiql/react';
import { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './app.css';

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
    setItem: (key, value) => localStorage.setItem(prefix + key, withoutHeaders(value)),
    removeItem: key => localStorage.removeItem(prefix + key),
    clear: () => own().forEach(key => localStorage.removeItem(key)),
  };
}

function fetcherOf(frontend) {
  const url = new URL(frontend.endpoint, location.href);
  const socket = new URL(url);
  socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const fetcher = createGraphiQLFetcher({
    url: url.href,
    subscriptionUrl: socket.href, // the headers editor goes into connection_init
    enableIncrementalDelivery: false,
    headers: { Accept: 'application/graphql-response+json, application/json' },
  });
  return async (params, options) => {
    try {
      return await fetcher(params, options);
    } catch (cause) {
      return { errors: [{ message: `${frontend.endpoint} can't be reached: is the gateway running? (${cause.message})` }] };
    }
  };
}

function Controls({ config, frontend, choose }) {
  const headers = useGraphiQL(state => state.headerEditor);
  const [note, setNote] = useState('');

  async function authorize() {
    try {
      const response = await fetch(config.tokenURL, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ subject: 'u1', scopes: ['orders:write'] }),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.errors?.[0]?.message ?? `status ${response.status}`);
      const kept = JSON.parse(headers.getValue().trim() || '{}');
      headers.setValue(JSON.stringify({ ...kept, Authorization: `Bearer ${answer.access_token}` }, null, 2));
      setNote('The token is in the headers.');
    } catch (cause) {
      setNote(`No token: ${cause.message}`);
    }
  }

  return (
    <div className="portico-controls">
      {config.tokenURL && (
        <button type="button" onClick={authorize} title="Puts a token of the demo's customer u1 into the headers">
          Get a demo token
        </button>
      )}
      <span role="status">{note}</span>
      <a href={frontend.schemaURL} target="_blank" rel="noreferrer">
        Schema
      </a>
      <label>
        Frontend{' '}
        <select aria-label="Frontend" value={frontend.name} onChange={event => choose(event.target.value)}>
          {config.frontends.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <strong className="portico-logo">Portico</strong>
    </div>
  );
}

function Playground({ config }) {
  const [name, setName] = useState(() => {
    const last = localStorage.getItem('portico:frontend');
    return config.frontends.some(frontend => frontend.name === last) ? last : config.default;
  });
  const frontend = config.frontends.find(candidate => candidate.name === name);
  const fetcher = useMemo(() => fetcherOf(frontend), [frontend]);
  const storage = useMemo(() => storageOf(name), [name]);
  const choose = next => {
    localStorage.setItem('portico:frontend', next);
    setName(next);
  };
  return (
    <GraphiQL
      key={name}
      fetcher={fetcher}
      storage={storage}
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      isHeadersEditorEnabled
      defaultEditorToolsVisibility="headers"
      defaultQuery={'# Ask something: press Ctrl and Space for what there is.\n\n{\n  __typename\n}\n'}
      defaultTabs={frontend.operations.length > 0 ? frontend.operations : undefined}
    >
      <GraphiQL.Logo>
        <Controls config={config} frontend={frontend} choose={choose} />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

const response = await fetch('config.json');
createRoot(document.getElementById('playground')).render(<Playground config={await response.json()} />);
