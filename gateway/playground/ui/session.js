// What the views share: the address of the page, the token, and requests to a frontend.
import { useCallback, useSyncExternalStore } from 'react';

const listeners = new Set();
const subscribe = listener => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const changed = () => listeners.forEach(listener => listener());
addEventListener('popstate', changed);

// usePlace returns the parameters of the page's address, and a function that changes some of them.
export function usePlace() {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const go = useCallback(changes => {
    const params = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) value ? params.set(name, value) : params.delete(name);
    const text = params.toString();
    history.replaceState(null, '', text ? `?${text}` : location.pathname);
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

// load reads a file of a frontend as text, or returns null if there is none for this caller.
export async function load(url) {
  try {
    const response = await fetch(url, { headers: authorization() });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
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
      headers: { Accept: 'application/graphql-response+json, application/json', 'Content-Type': 'application/json', ...authorization(), ...headers },
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

function parsed(text, status) {
  try {
    const body = JSON.parse(text);
    if (body && typeof body === 'object') return body;
  } catch {
    // it is shown as it is
  }
  return { errors: [{ message: `The answer (status ${status}) is not JSON: ${text.slice(0, 200)}` }] };
}
