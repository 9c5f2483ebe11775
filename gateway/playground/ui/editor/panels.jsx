// The panels beside the editor: code of clients, and trusted documents.
import { useGraphiQL, useGraphiQLActions, pick } from '@graphiql/react';
import { useRef, useState } from 'react';
import { copy } from '../session.js';
import { clients, code } from './code.js';

// parseVariables returns the object in the editor of variables, {} if there is none.
export function parseVariables(text) {
  try {
    const value = JSON.parse(text || '{}');
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

const icon = path =>
  function Icon() {
    return (
      <svg viewBox="0 0 16 16" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
        <path d={path} />
      </svg>
    );
  };

// codePanel shows the operation in the editor as code.
export function codePanel(endpoint, signedIn) {
  function Code() {
    const [client, setClient] = useState(clients[0]);
    const [copied, setCopied] = useState(false);
    const shown = useRef(null);
    const { tabs, activeTabIndex, operations, operationName } = useGraphiQL(pick('tabs', 'activeTabIndex', 'operations', 'operationName'));
    const { query, variables } = tabs[activeTabIndex];
    const operation = operations?.find(one => one.name?.value === operationName) ?? operations?.[0];
    const text = code(client, {
      url: new URL(endpoint, location.href).href,
      query: query ?? '',
      variables: parseVariables(variables),
      operationName: operations?.length > 1 ? operation?.name?.value : undefined,
      type: operation?.operation,
      signedIn: signedIn(),
    });
    return (
      <section className="pc-panel" aria-label="Code">
        <h2>Code</h2>
        <label>
          Client{' '}
          <select value={client} onChange={event => setClient(event.target.value)}>
            {clients.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          onClick={async () => {
            if (await copy(text)) setCopied(text);
            else getSelection().selectAllChildren(shown.current);
          }}
        >
          {copied === text ? 'Copied' : 'Copy'}
        </button>
        <pre tabIndex={0}>
          <code ref={shown}>{text}</code>
        </pre>
      </section>
    );
  }
  return { title: 'Code', icon: icon('M5 4 1 8l4 4M11 4l4 4-4 4M9.5 2l-3 12'), content: Code };
}

// trustedPanel lists the documents that a frontend trusts.
export function trustedPanel(mode, documents) {
  function Trusted() {
    const { addTab } = useGraphiQLActions();
    const editor = useGraphiQL(state => state.queryEditor);
    return (
      <section className="pc-panel" aria-label="Trusted documents">
        <h2>Trusted documents</h2>
        <p>
          {mode === 'only' ? 'This frontend executes these documents only.' : 'Requests may name these documents by their ids.'} Open one in a tab:
        </p>
        {documents === null ? (
          <p>They are not shown to you: reading the schema must be permitted (frontend.introspection).</p>
        ) : (
          <ul>
            {documents.map(({ id, document }) => (
              <li key={id}>
                <button
                  type="button"
                  onClick={() => {
                    addTab();
                    setTimeout(() => editor.setValue(document)); // in the tab that is there then
                  }}
                >
                  {nameOf(document)}
                </button>
                <code>{id}</code>
              </li>
            ))}
          </ul>
        )}
      </section>
    );
  }
  return { title: 'Trusted documents', icon: icon('M3 1.5h7l3 3v10H3zM5.5 9l2 2 3.5-4'), content: Trusted };
}

const nameOf = document => document.match(/\b(?:query|mutation|subscription)\s+(\w+)/)?.[1] ?? document.slice(0, 40);
