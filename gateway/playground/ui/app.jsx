// The console: an editor, a picture of how requests are routed, and documentation, for each of the
// gateway's frontends.
import { Component, lazy, Suspense, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { load, mint, post, tokenOf, usePlace, useStored, useToken } from './session.js';
import './app.css';

const views = {
  editor: { title: 'Editor', View: lazy(() => import('./editor/Editor.jsx')) },
  routes: { title: 'Routes', View: lazy(() => import('./routes/Routes.jsx')) },
  docs: { title: 'Docs', View: lazy(() => import('./docs/Docs.jsx')) },
};

// The hues of frontends; where there are more frontends, they come again.
const hues = [265, 155, 20, 205, 330, 95];

function Console({ config }) {
  const [place, go] = usePlace();
  const [last, setLast] = useStored(localStorage, 'portico:frontend');
  const [theme, setTheme] = useStored(localStorage, 'portico:theme');
  const [token] = useToken();
  const [edited, setEdited] = useState(null);
  const frontends = config.frontends.map((frontend, i) => ({ ...frontend, color: `light-dark(oklch(0.47 0.15 ${hues[i % hues.length]}), oklch(0.78 0.12 ${hues[i % hues.length]}))` }));
  const named = name => frontends.find(candidate => candidate.name === name);
  const frontend = named(place.frontend) ?? named(last) ?? named(config.default) ?? frontends[0];
  const view = Object.hasOwn(views, place.view ?? '') ? place.view : 'editor';
  const opened = useRef(new Set()).current.add(view); // what was opened keeps its state

  useEffect(() => {
    document.documentElement.dataset.theme = theme || 'system';
  }, [theme]);
  useEffect(() => {
    document.title = `${views[view].title} · ${frontend.name} · Portico`;
  }, [view, frontend.name]);

  const choose = name => {
    setLast(name);
    go({ frontend: name, operation: '', variables: '', compare: '' });
  };
  const properties = {
    editor: { frontend, place, theme: theme || null, token, onEdit: setEdited, showRoutes: () => go({ view: 'routes', operation: '', variables: '', compare: '' }) },
    routes: {
      frontends,
      editor: edited,
      initial: { frontend: frontend.name, operation: place.operation ?? '', ...(place.compare && { compare: compared(place.compare) }) },
      onChoose: ({ frontend: name, operation, compare }) => {
        setLast(name);
        go({ frontend: name, operation, variables: '', compare: compare && `${compare.frontend}/${compare.operation}` });
      },
      request: (name, request) => post(named(name).endpoint, request),
      load: name => loadRouting(named(name)),
      token,
    },
    docs: { frontend, token },
  };
  return (
    <div className="pc-console" style={{ '--pc-frontend': frontend.color }}>
      <header className="pc-header">
        <h1>
          Portico <span className="pc-name">{frontend.name}</span>
        </h1>
        <nav aria-label="Views">
          {Object.entries(views).map(([name, { title }]) => (
            <a
              key={name}
              href={`?view=${name}&frontend=${frontend.name}`}
              aria-current={name === view ? 'page' : undefined}
              onClick={event => {
                if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a tab of the browser
                event.preventDefault();
                go({ view: name === 'editor' ? '' : name });
              }}
            >
              {title}
            </a>
          ))}
        </nav>
        <span className="pc-where">
          <select aria-label="Frontend" value={frontend.name} onChange={event => choose(event.target.value)}>
            {frontends.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <code title="The endpoint of this frontend">{frontend.endpoint}</code>
          <a
            href={frontend.schemaURL}
            target="_blank"
            rel="noreferrer"
            onClick={event => {
              if (!token) return;
              event.preventDefault();
              openWithToken(frontend.schemaURL);
            }}
          >
            Schema
          </a>
        </span>
        <SignIn tokenURL={config.tokenURL} />
        <select className="pc-theme" aria-label="Theme" value={theme} onChange={event => setTheme(event.target.value)}>
          <option value="">System theme</option>
          <option value="light">Light theme</option>
          <option value="dark">Dark theme</option>
        </select>
      </header>
      {Object.entries(views).map(
        ([name, { View }]) =>
          opened.has(name) && (
            <main key={name} className={`pc-view pc-${name}`} hidden={name !== view}>
              <Fence>
                <Suspense fallback={<p className="pc-loading">Loading …</p>}>
                  <View {...properties[name]} />
                </Suspense>
              </Fence>
            </main>
          ),
      )}
    </div>
  );
}

// Fence keeps a view that fails from taking the others with it: its code can't be loaded when the gateway was stopped or updated
// since the page was opened.
class Fence extends Component {
  state = { failure: null };

  static getDerivedStateFromError(failure) {
    return { failure };
  }

  render() {
    const { failure } = this.state;
    if (!failure) return this.props.children;
    return (
      <p className="pc-loading" role="alert">
        This view can't be shown: is the gateway running? ({failure.message}){' '}
        <button type="button" onClick={() => location.reload()}>
          Reload the page
        </button>
      </p>
    );
  }
}

// compared returns what a link compares the operation with, such as mobile/Screen.
function compared(text) {
  const [frontend, operation] = text.split('/');
  return { frontend, operation: operation ?? '' };
}

// openWithToken opens a text in a tab of the browser, which would not send the token.
async function openWithToken(url) {
  const text = await load(url).catch(cause => cause.message);
  const file = URL.createObjectURL(new Blob([text ?? 'There is nothing here for you: the schema is for callers who may introspect.'], { type: 'text/plain' }));
  open(file, '_blank', 'noopener');
}

async function loadRouting(frontend) {
  const [picture, sdl] = await Promise.all([frontend.explain ? load(frontend.routesURL) : null, load(frontend.schemaURL)]);
  return { routes: picture && JSON.parse(picture), sdl };
}

// SignIn sets the token that all requests have.
function SignIn({ tokenURL }) {
  const [token, setToken] = useToken();
  const [note, setNote] = useState('');
  const [asking, setAsking] = useState(false);

  async function demo() {
    try {
      setToken(await mint(tokenURL));
      setNote('');
    } catch (cause) {
      setNote(`No token: ${cause.message}`);
    }
  }
  if (token) {
    return (
      <span className="pc-token">
        <span role="status">Token set</span>
        <button type="button" onClick={() => setToken('')}>
          Sign out
        </button>
      </span>
    );
  }
  return (
    <span className="pc-token">
      <span role="status">{note}</span>
      {tokenURL && (
        <button type="button" onClick={demo} title="Sign in as the demo's customer u1, until the tab is closed">
          Get a demo token
        </button>
      )}
      {asking ? (
        <form
          onSubmit={event => {
            event.preventDefault();
            const typed = new FormData(event.target).get('token');
            const own = tokenOf(typed);
            setToken(own);
            setAsking(typed.trim() !== '' && !own);
            setNote(typed.trim() === '' || own ? '' : 'A token has no spaces and no letters beyond ASCII.');
          }}
        >
          <input name="token" type="password" autoComplete="off" aria-label="Token" placeholder="Token" autoFocus />
          <button type="submit">Use</button>
        </form>
      ) : (
        <button type="button" onClick={() => setAsking(true)} title="Send a token of your own with all requests, until the tab is closed">
          Use a token
        </button>
      )}
    </span>
  );
}

const response = await fetch('config.json');
createRoot(document.getElementById('playground')).render(<Console config={await response.json()} />);
