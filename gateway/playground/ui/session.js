// What the views share: the address of the page, the token, and requests to a frontend.
import { useCallback, useSyncExternalStore } from 'react';

const listeners = new Set();
const subscribe = listener => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const changed = () => listeners.forEach(listener => listener());
addEventListener('popstate', changed);

// usePlace returns the parameters of the page's address, and a function that changes some of them. Another view is another entry of
// the browser's history, to go back from.
export function usePlace() {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const go = useCallback(changes => {
    const params = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) value ? params.set(name, value) : params.delete(name);
    const text = params.toString();
    const there = text ? `?${text}` : location.pathname;
    if ('view' in changes) history.pushState(null, '', there);
    else history.replaceState(null, '', there);
    changed();
  }, []);
  return [Object.fromEntries(new URLSearchParams(search)), go];
}

// useStored returns a text that a storage keeps, and a function that sets it; '' removes it.
export function useStored(storage, key) {
  const value = useSyncExternalStore(subscribe, () => storage.getItem(key) ?? '');
  const set = useCallback(
    next => {
      next ? storage.setItem(key, next) : storage.removeItem(key);
      changed();
    },
    [storage, key],
  );
  return [value, set];
}

// The token is kept for the session of this browser tab: it survives a reload, and nothing else.
const tokenKey = 'portico:token';
export const useToken = () => useStored(sessionStorage, tokenKey);
export function authorization() {
  const token = sessionStorage.getItem(tokenKey);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// tokenOf returns the token of what was typed or pasted, which may begin with its scheme; '' if no header can have it.
export function tokenOf(text) {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return /^[\x21-\x7e]+$/.test(token) ? token : '';
}

// mint gets a token of the demo's customer u1.
export async function mint(url) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ subject: 'u1', scopes: ['orders:write'] }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.errors?.[0]?.message ?? `status ${response.status}`);
  return answer.access_token;
}

// load reads a file of a frontend as text, or returns null if there is none for this caller. It rejects with what can be
// done about it when the gateway does not answer or refuses the token.
export async function load(url) {
  let response;
  try {
    response = await fetch(url, { headers: authorization() });
  } catch {
    throw new Error('The gateway can\'t be reached: is it running?');
  }
  if (response.ok) return response.text();
  if (response.status === 404) return null;
  if (response.status === 401) throw new Error('The token is not accepted: sign out, and sign in with another one.');
  throw new Error(`${url} is answered with status ${response.status}.`);
}

// copy puts a text into the clipboard and reports whether that was possible: browsers offer it to pages of this machine or of
// HTTPS only.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// post sends a request to a frontend and returns how it was answered: the status, the time in
// milliseconds, the bytes of the body, its header fields, and the body, of JSON if it can be. It does not
// reject: when nothing answers, the status is 0 and the body has an error.
export async function post(endpoint, request, headers = {}) {
  const began = performance.now();
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: fieldsOf({ Accept: 'application/graphql-response+json, application/json', 'Content-Type': 'application/json', ...authorization() }, headers),
      body: JSON.stringify(request),
    });
    const text = await response.text();
    return {
      status: response.status,
      ms: performance.now() - began,
      size: new TextEncoder().encode(text).length,
      headers: [...response.headers],
      body: parsed(text, response.status),
    };
  } catch (cause) {
    const message = `${endpoint} can't be reached: is the gateway running? (${cause.message})`;
    return { status: 0, ms: performance.now() - began, size: 0, headers: [], body: { errors: [{ message }] } };
  }
}

// fieldsOf returns header fields; those of own replace others, however they are written.
function fieldsOf(fields, own) {
  const all = new Headers(fields);
  for (const [name, value] of Object.entries(own ?? {})) all.set(name, value);
  return all;
}

function parsed(text, status) {
  try {
    const body = JSON.parse(text);
    if (body && typeof body === 'object') return body;
  } catch {
    // it is shown as it is
  }
  return { errors: [{ message: `The answer (status ${status}) is not JSON: ${text.slice(0, 200)}` }] };
}
