// The editors of GraphiQL until Monaco is loaded: text areas, which can be typed into and executed at once. Monaco takes their text,
// cursor and focus over. build.mjs makes GraphiQL use these in place of its own.
import { HeaderEditor as Headers, QueryEditor as Query, ResponseEditor as Response, VariableEditor as Variables, isMacOs, pick, useGraphiQL, useGraphiQLActions, useMonaco } from '@graphiql/react';
import { getSelectedOperationName } from '@graphiql/toolkit';
import { getOperationFacts } from 'graphql-language-service';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { plainEditor } from './plaintext.js';

export const QueryEditor = props => <Editor kind="queryEditor" initial="initialQuery" label="Operation" Monaco={Query} {...props} />;
export const VariableEditor = props => <Editor kind="variableEditor" initial="initialVariables" label="Variables" Monaco={Variables} {...props} />;
export const HeaderEditor = props => <Editor kind="headerEditor" initial="initialHeaders" label="Headers" Monaco={Headers} {...props} />;
export const ResponseEditor = props => <Editor kind="responseEditor" label="Result Window" Monaco={Response} {...props} />;

function Editor({ kind, initial, label, Monaco, ...props }) {
  const loaded = useMonaco(state => Boolean(state.monaco));
  const { setEditor } = useGraphiQLActions();
  const { editor, text } = useGraphiQL(state => ({ editor: state[kind], text: state[initial] ?? '' }));
  const [isPlain, setPlain] = useState(!loaded);
  const [composing, setComposing] = useState(false); // a character by several keys: Monaco would end it
  const area = useRef(null);
  const plain = useRef(null);
  const { understand, changed, executeAtCursor } = useOperation(kind, plain);

  useLayoutEffect(() => {
    if (!area.current) return;
    plain.current = plainEditor(area.current, () => changed.current());
    setEditor({ [kind]: plain.current });
    understand();
    if (kind === 'queryEditor') performance.mark('portico:usable');
  }, []);
  useEffect(() => { // after those of Monaco's editor, which have set it
    if (!isPlain || !editor || editor === plain.current) return;
    plain.current.giveTo(editor);
    setPlain(false);
  }, [editor]);

  const shared = { ref: area, 'aria-label': label };
  const className = `pc-plain ${props.className ?? ''}`;
  return (
    <>
      {(!isPlain || (loaded && !composing)) && <Monaco {...props} />}
      {isPlain &&
        (kind === 'responseEditor' ? (
          <section {...shared} className={`result-window ${className}`} aria-live="polite" aria-atomic="true" tabIndex={0} />
        ) : (
          <textarea
            {...shared}
            className={className}
            defaultValue={text}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            onInput={() => plain.current.changed()}
            onCompositionStart={() => setComposing(true)}
            onCompositionEnd={() => setComposing(false)}
            onKeyDown={event => {
              if (event.key !== 'Enter' || !(isMacOs ? event.metaKey : event.ctrlKey)) return;
              event.preventDefault();
              executeAtCursor();
            }}
          />
        ))}
    </>
  );
}

// useOperation tells GraphiQL what a plain editor holds, as its own editors do a moment after each change.
function useOperation(kind, plain) {
  const { run, setOperationFacts, setOperationName, updateActiveTabValues } = useGraphiQLActions();
  const { schema, operations, operationName } = useGraphiQL(pick('schema', 'operations', 'operationName'));
  const timer = useRef(0);
  const understand = () => {
    if (kind !== 'queryEditor') return undefined;
    const { documentAST, operations: found } = getOperationFacts(schema, plain.current.getValue()) ?? {};
    const name = getSelectedOperationName(operations, operationName, found);
    setOperationFacts({ documentAST, operationName: name, operations: found });
    return name;
  };
  const tell = useRef(null);
  tell.current = () => {
    const text = plain.current.getValue();
    if (kind === 'variableEditor') updateActiveTabValues({ variables: text });
    if (kind === 'headerEditor') updateActiveTabValues({ headers: text });
    if (kind === 'queryEditor') updateActiveTabValues({ query: text, operationName: understand() ?? null });
  };
  const changed = useRef(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => tell.current(), 100);
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  const executeAtCursor = () => {
    if (kind === 'queryEditor') {
      const cursor = plain.current.cursor();
      const chosen = operations?.find(({ loc }) => loc.start <= cursor && loc.end >= cursor)?.name?.value;
      if (chosen && chosen !== operationName) setOperationName(chosen);
    }
    run();
  };
  return { understand, changed, executeAtCursor };
}
