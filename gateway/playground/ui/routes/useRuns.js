// The state of Routes: choices, the routing of their frontends, and runs.
import { useEffect, useRef, useState } from 'react';
import { firstChoices, isQuery, linkOf, resolve, runOf } from './choice.js';

// useRuns keeps the choices and their runs. choose replaces the choices, edit
// does so without running them, run runs them and calls onRun when all have
// their answers. loaded is what load returned, by frontend.
export function useRuns({ frontends, request, load, editor, initial, token, onChoose }, onRun) {
  const [chosen, setChosen] = useState(() => firstChoices(frontends, editor, initial));
  const [runs, setRuns] = useState([]);
  const [busy, setBusy] = useState(false);
  const latest = useRef(0);
  const shown = useRef(''); // the link whose choices are shown
  const choices = chosen.map(choice => resolve(choice, frontends, editor));
  const [loaded, refresh] = useLoaded(load, choices, token);

  const run = async of => {
    const id = ++latest.current;
    setBusy(true);
    const ran = await Promise.all(of.map(async choice => runOf(choice, await refresh(choice.frontend), request)));
    if (id !== latest.current) return; // something else was chosen meanwhile
    setBusy(false);
    setRuns(ran);
    onRun();
  };
  const edit = next => {
    latest.current++;
    setChosen(next);
    setRuns([]);
    setBusy(false);
    const link = linkOf(next.map(choice => resolve(choice, frontends, editor)));
    shown.current = JSON.stringify(link);
    onChoose?.(link);
  };
  const compare = of => {
    if (of.length > 1 && of.every(isQuery)) run(of);
  };
  const choose = next => {
    edit(next);
    compare(next.map(choice => resolve(choice, frontends, editor)));
  };
  const link = JSON.stringify(initial);
  useEffect(() => {
    if (shown.current === link) return;
    if (shown.current) choose(firstChoices(frontends, editor, initial));
    else compare(choices); // a link to a comparison shows it
    shown.current = link;
  }, [link]);
  return { choices, choose, edit, run: () => run(choices), runs, busy, loaded };
}

// useLoaded returns the routing of the chosen frontends for a token,
// and a function that loads it again.
function useLoaded(load, choices, token) {
  const [loaded, setLoaded] = useState({});
  const refresh = async frontend => {
    const routing = await Promise.resolve(load(frontend)).catch(cause => ({ failure: cause.message }));
    const of = { routes: pictureOf(routing?.routes), sdl: routing?.sdl ?? null, failure: routing?.failure ?? '' };
    setLoaded(all => ({ ...all, [frontend]: of }));
    return of;
  };
  const names = choices.map(choice => choice.frontend);
  useEffect(() => {
    for (const name of names) refresh(name);
  }, [names.join('\n'), token]);
  return [loaded, refresh];
}

// pictureOf is a picture that has lists, whatever the gateway answered; null if it is none.
function pictureOf(routing) {
  if (!Array.isArray(routing?.routes)) return null;
  return { routes: routing.routes.filter(Boolean), services: (Array.isArray(routing.services) ? routing.services : []).filter(one => one?.name) };
}
