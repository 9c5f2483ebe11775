// What the documentation of an API can do with a script: it is searched as one types, and examples are run.
// Without it, everything can be read.

// enhance makes the documentation below root searchable and its examples runnable. root is a document, a shadow
// root or an element. options:
//   endpoint  where examples are sent, instead of what the page says
//   headers   a function that returns header fields for them, such as {Authorization: 'Bearer …'}
//   fetch     what sends them, instead of fetch
// It returns a function that takes the listeners away.
export function enhance(root, options = {}) {
  const docs = root.querySelector('[data-docs]');
  if (!docs) return () => {};
  const gone = new AbortController();
  search(root, docs, gone.signal);
  examples(docs, options, gone.signal);
  const contents = docs.querySelector('nav details');
  if (contents && matchMedia('(max-width: 60rem)').matches) contents.open = false;
  return () => gone.abort();
}

// search filters the sections and the contents by what is typed.
function search(root, docs, signal) {
  const box = docs.querySelector('[data-search]');
  const input = box.querySelector('input');
  const status = box.querySelector('[role=status]');
  const entries = [...docs.querySelectorAll('[data-entry]')].map(element => ({ element, text: textOf(element), inner: element.parentElement.closest('[data-entry]') }));
  const found = entry => input.value.toLowerCase().split(/\s+/).every(word => entry.text.includes(word));
  box.hidden = false;

  const filter = () => {
    const words = input.value.trim() !== '';
    const shown = new Set();
    let matches = 0;
    for (const entry of entries) {
      if (!found(entry)) continue;
      matches++;
      shown.add(entry.element);
      if (entry.inner) shown.add(entry.inner);
      else for (const part of entry.element.querySelectorAll('[data-entry]')) shown.add(part); // a type that is meant has all of its fields
    }
    for (const { element } of entries) element.hidden = words && !shown.has(element);
    for (const section of docs.querySelectorAll('main > section')) {
      section.hidden = words && !section.querySelector('[data-entry]:not([hidden])');
    }
    filterContents(docs);
    status.textContent = words ? `${matches} ${matches === 1 ? 'match' : 'matches'}` : '';
  };
  input.addEventListener('input', filter, { signal });
  const clear = () => {
    input.value = '';
    filter();
  };
  input.addEventListener('keydown', event => { if (event.key === 'Escape') clear(); }, { signal });

  // A link leads to what it says, even if that does not match.
  docs.addEventListener('click', event => {
    const link = event.target.closest?.('a[href^="#"]');
    const target = link && docs.querySelector(`[id="${CSS.escape(decodeURIComponent(link.hash.slice(1)))}"]`);
    if (!target) return;
    if (target.closest('[hidden]')) clear();
    if (root !== document) { // the browser does not look into a shadow root
      event.preventDefault();
      target.scrollIntoView();
    }
  }, { signal });
  document.addEventListener('keydown', event => {
    const at = event.composedPath()[0];
    const typing = at.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(at.tagName);
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  }, { signal });
}

// textOf returns the name of an entry and what describes it, without the entries within it and without examples' answers.
function textOf(element) {
  const copy = element.cloneNode(true);
  for (const part of copy.querySelectorAll('[data-entry], .self, .for-readers, pre[aria-label^=Answer]')) part.remove();
  return `${element.dataset.name} ${copy.textContent}`.toLowerCase();
}

// filterContents hides the entries of the contents whose sections are hidden.
function filterContents(docs) {
  for (const item of [...docs.querySelectorAll('nav li')].reverse()) {
    const id = decodeURIComponent(item.querySelector('a').hash.slice(1));
    const target = docs.querySelector(`[id="${CSS.escape(id)}"]`);
    item.hidden = Boolean(target?.closest('[hidden]'));
  }
}

// examples lets examples be run, if the page says where.
function examples(docs, options, signal) {
  const endpoint = options.endpoint ?? docs.dataset.runAt;
  if (!endpoint) return;
  for (const button of docs.querySelectorAll('[data-run]')) {
    button.hidden = false;
    button.addEventListener('click', () => run(button, endpoint, options, signal), { signal });
  }
}

// run sends an example and shows its answer, as text.
async function run(button, endpoint, options, signal) {
  const example = button.closest('.example');
  const query = example.querySelector('pre code').textContent;
  const [summary, answer] = places(example);
  button.disabled = true;
  summary.textContent = 'Running…';
  const began = performance.now();
  try {
    const response = await (options.fetch ?? fetch)(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json', ...options.headers?.() },
      body: JSON.stringify({ query }),
      signal,
    });
    const text = await response.text();
    const took = Math.round(performance.now() - began);
    summary.textContent = `Status ${response.status}, ${took} ms`;
    answer.firstChild.textContent = pretty(text);
    answer.hidden = false;
  } catch (cause) {
    summary.textContent = `${endpoint} can't be reached: ${cause.message}`;
  } finally {
    button.disabled = false;
  }
}

// places returns where the status and the answer of an example are shown, which it makes.
function places(example) {
  const had = example.querySelector('[data-status]');
  if (had) return [had, example.querySelector('[data-answer]')];
  const summary = document.createElement('p');
  summary.className = 'fact';
  summary.dataset.status = '';
  summary.setAttribute('role', 'status');
  const answer = document.createElement('pre');
  answer.dataset.answer = '';
  answer.tabIndex = 0;
  answer.hidden = true;
  answer.setAttribute('role', 'group');
  answer.setAttribute('aria-label', `Answer of the gateway to ${example.dataset.name}`);
  answer.append(document.createElement('code'));
  example.append(summary, answer);
  return [summary, answer];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// A page of its own calls enhance itself; a module that imports this one decides when to.
if (document.body?.firstElementChild?.matches('[data-docs]')) enhance(document);
