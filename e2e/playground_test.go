package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/portico-gateway/portico/e2e/browser"
)

// A newcomer's way through the playground, in a real browser that reaches
// nothing but this machine.
func TestPlayground(t *testing.T) {
	g := start(t)
	b := openTab(t)
	b.Do(t, "open the page", chromedp.Navigate(g.url+"/"), chromedp.WaitVisible(`.graphiql-query-editor .view-line`))
	b.AwaitText(t, ".graphiql-tabs", "Catalogue", "Me", "ProductPage", "Search", "Shelf", "Buy", "Stock")

	// Type a query into a new tab and read the answer.
	b.Do(t, "open a tab", chromedp.Click(`.graphiql-tab-add`))
	typeQuery(t, b, `query Newcomer { product(id: "p1") { name stock { available } } }`)
	run(t, b)
	b.AwaitText(t, ".graphiql-response", "Stovetop Espresso Maker, 6 Cups", `"available": 100`)

	// Get a token, and use it.
	b.Do(t, "press the button", chromedp.Click(`//button[text()="Get a demo token"]`))
	b.AwaitText(t, ".pc-token", "Token set")
	typeQuery(t, b, `query Customer { me { name email } }`)
	run(t, b)
	b.AwaitText(t, ".graphiql-response", "mara.lindqvist@example.com")
	if stored := b.Eval(t, `JSON.stringify(localStorage)`); strings.Contains(stored, "Bearer") {
		t.Errorf("the token is in the browser's storage: %s", stored)
	}

	// Follow a subscription: graphql-ws is the client.
	typeQuery(t, b, `subscription Watch { stockChanged(productId: "p1") { available } }`)
	run(t, b)
	b.AwaitText(t, ".graphiql-response", `"available": 100`)
	if a := g.query(t, "web", buy, nil, "Authorization", "Bearer "+mint(t, g)); len(a.Errors) > 0 {
		t.Fatalf("buy: %s", a.body)
	}
	b.AwaitText(t, ".graphiql-response", `"available": 98`)

	// Switch to the other frontend: its tabs, its schema.
	b.Choose(t, `select[aria-label=Frontend]`, "mobile")
	b.AwaitText(t, ".graphiql-tabs", "Home", "Screen")
	b.Do(t, "open a tab", chromedp.Click(`.graphiql-tab-add`))
	typeQuery(t, b, `query Small { product(id: "p1") { thumbnailUrl } }`)
	run(t, b)
	b.AwaitText(t, ".graphiql-response", "https://cdn.example.com/products/p1")
	typeQuery(t, b, `query Missing { product(id: "p1") { description } }`)
	run(t, b)
	b.AwaitText(t, ".graphiql-response", "GRAPHQL_VALIDATION_FAILED")
}

func mint(t *testing.T, g *gateway) string {
	t.Helper()
	token, err := g.demo.Token("u1", "orders:write")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// typeQuery types into the editor as a person does, in place of what is there.
func typeQuery(t *testing.T, b *browser.Browser, query string) {
	t.Helper()
	b.Do(t, "select all",
		chromedp.Click(`.graphiql-query-editor .view-lines`),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)),
		chromedp.KeyEvent(kb.Delete))
	b.Insert(t, query)
	// The tab gets the operation's name when the editor has understood it; until
	// then it would execute the one before.
	b.AwaitText(t, ".graphiql-tabs", strings.Fields(query)[1])
}

// run presses the button that executes.
func run(t *testing.T, b *browser.Browser) {
	t.Helper()
	b.Do(t, "execute", chromedp.Click(`.graphiql-execute-button`))
}
