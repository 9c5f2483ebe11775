// Shows what `portico dev` does in the pages of the console: its mistakes, and that there is a new gateway.
(() => {
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = `
    section { position: fixed; z-index: 2147483647; left: 50%; bottom: 16px; transform: translateX(-50%); max-width: min(960px, calc(100vw - 32px));
      max-height: 50vh; overflow: auto; box-sizing: border-box; padding: 12px 16px; border-radius: 8px; background: #1f2430; color: #fff;
      font: 13px/1.5 ui-monospace, monospace; box-shadow: 0 4px 24px #0006; }
    section[data-state=mistaken] { background: #7a1020; }
    p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
    p + p { margin-top: 8px; }
    b { display: block; }
    button { font: inherit; margin-left: 12px; padding: 2px 10px; border: 1px solid #fff; border-radius: 4px; background: none; color: inherit; cursor: pointer; }`;
  const box = document.createElement("section");
  box.setAttribute("role", "status");
  box.hidden = true;
  root.append(style, box);
  let version; // of the gateway that this page is of
  const line = (text, at) => {
    const p = document.createElement("p");
    if (at) p.append(Object.assign(document.createElement("b"), { textContent: at }));
    p.append(text);
    return p;
  };
  const show = (report) => {
    version ??= report.version;
    box.dataset.state = report.state;
    const lines = [];
    if (report.state === "working") lines.push(line("generating and building …"));
    for (const m of report.mistakes ?? []) lines.push(line(m.message, m.at));
    if (report.state === "mistaken" && report.version > 0) lines.push(line("The gateway before this change goes on serving."));
    if (report.version !== version) {
      if (version === 0) return location.reload(); // there was no gateway
      const p = line("A new gateway serves.");
      const button = Object.assign(document.createElement("button"), { textContent: "Load this page again" });
      button.addEventListener("click", () => location.reload());
      p.append(button);
      lines.push(p);
    }
    box.replaceChildren(...lines);
    box.hidden = lines.length === 0;
  };
  const follow = () => {
    document.body.append(host);
    new EventSource("/playground/dev/events").addEventListener("message", (event) => show(JSON.parse(event.data)));
  };
  if (document.body) follow();
  else document.addEventListener("DOMContentLoaded", follow);
})();
