// The documentation as a panel beside the editor.
import { useGraphiQL } from '@graphiql/react';
import Docs from '../docs/Docs.jsx';

// anchor returns the id of what was chosen in the editor: a field, or the type of a value.
function anchor(reference) {
  const { parentType, fieldDef, type } = reference?.typeInfo ?? {};
  if (reference?.kind.endsWith('Field') && fieldDef && parentType) return `${parentType.name}.${fieldDef.name}`;
  return type ? String(type).replaceAll(/[[\]!]/g, '') : undefined;
}

// referencePanel shows the documentation beside the editor, at what is chosen there.
export function referencePanel(frontend) {
  function Reference() {
    const reference = useGraphiQL(state => state.schemaReference);
    return (
      <section className="pc-panel pc-reference" aria-label="Documentation">
        <Docs frontend={frontend} at={anchor(reference)} />
      </section>
    );
  }
  const icon = () => (
    <svg viewBox="0 0 16 16" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M3 2.5h4a1 1 0 0 1 1 1v10a1 1 0 0 0-1-1H3zM13 2.5H9a1 1 0 0 0-1 1v10a1 1 0 0 1 1-1h4z" />
    </svg>
  );
  return { title: 'Documentation', icon, content: Reference };
}
