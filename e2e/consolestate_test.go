package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// What was chosen stays: a tab that was not edited survives a reload, and Routes shows the operation that was run, not
// that of the link. A link to a view that does not exist shows the editor.
func TestConsoleState(t *testing.T) {
	g := start(t)
	b := openTab(t)
	openEditor(t, b, g, "frontend=web&operation=ProductPage&view=constructor")
	b.AwaitText(t, ".graphiql-tabs", "Search")
	b.Do(t, "choose a tab", chromedp.Click(`//button[text()="Search"]`))
	b.AwaitText(t, ".graphiql-query-editor", "query Search")
	run(t, b)
	b.AwaitText(t, ".pc-answer", "Status\n200")
	b.Do(t, "show its routes", chromedp.Click(`.pc-answer button`))
	b.AwaitText(t, ".rt-chooser", "web Search: document and variables")

	b.Eval(t, `(history.back(), '')`)
	b.AwaitText(t, "nav [aria-current=page]", "Editor")
	openEditor(t, b, g, "")
	b.AwaitText(t, ".graphiql-query-editor", "query Search")
}
