// The documentation of a frontend, which the gateway makes.
import { useEffect, useRef, useState } from 'react';
import { authorization, load } from '../session.js';

// Docs shows the documentation in a shadow root, where its styles and ids are its own. at is the id to
// show, such as Product.stock.
export default function Docs({ frontend, token, at }) {
  const [text, setText] = useState(undefined);
  const [failure, setFailure] = useState('');
  const host = useRef(null);
  useEffect(() => {
    let current = true;
    setFailure('');
    load(frontend.docsURL).then(
      loaded => current && setText(loaded),
      cause => current && setFailure(cause.message),
    );
    return () => {
      current = false;
    };
  }, [frontend.docsURL, token]);
  useEffect(() => {
    if (!text || !host.current) return undefined;
    const gone = new AbortController();
    show(host.current, text, new URL(frontend.docsURL, location.href), gone.signal);
    return () => gone.abort();
  }, [text, frontend.docsURL, failure]);
  useEffect(() => {
    if (text && at) scrollTo(host.current, at);
  }, [text, at]);
  if (failure) {
    return (
      <p className="pc-loading" role="alert">
        {failure}
      </p>
    );
  }
  if (text === undefined) return <p className="pc-loading">Loading …</p>;
  if (text === null) {
    return (
      <p className="pc-loading">
        The documentation is for callers who may read the schema: set frontend.introspection to true, and sign in with the scope introspectionScope if it is
        set.
      </p>
    );
  }
  return <div className="pc-page" ref={host} />;
}

// show shows a page, which listens until the signal. Its examples are run by the caller of the console.
async function show(host, text, base, signal) {
  const page = new DOMParser().parseFromString(text, 'text/html');
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const styles = [...page.querySelectorAll('link[rel=stylesheet]')].map(link => {
    const copy = document.createElement('link');
    copy.rel = 'stylesheet';
    copy.href = new URL(link.getAttribute('href'), base);
    return copy;
  });
  root.replaceChildren(...styles, ...page.body.childNodes);
  const script = page.querySelector('script[src]')?.getAttribute('src');
  if (!script) return;
  const { enhance } = await import(new URL(script, base).href);
  if (!signal.aborted) signal.addEventListener('abort', enhance(root, { headers: authorization }));
}

function scrollTo(host, id) {
  host?.shadowRoot?.getElementById(id)?.scrollIntoView({ block: 'start' });
}
