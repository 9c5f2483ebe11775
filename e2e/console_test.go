package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/browser"
)

// sizes are windows of a desktop and of a phone.
var sizes = []struct {
	name          string
	width, height int64
}{{"desktop", 1400, 900}, {"phone", 390, 844}}

// axe returns the script of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("clients/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	return string(text)
}

// chromium is the browser that tests share, which starts when it is first needed.
var chromium *browser.Process

// openTab opens a tab with a profile of its own, until the test ends.
func openTab(t *testing.T) *browser.Browser {
	t.Helper()
	if chromium == nil {
		p, err := browser.Launch()
		if err != nil {
			t.Fatal(err)
		}
		chromium = p
	}
	return chromium.Open(t)
}

func closeChromium() {
	if chromium != nil {
		chromium.Close()
	}
}

// openConsole opens a page of the console, by the query of its address.
func openConsole(t *testing.T, b *browser.Browser, g *gateway, query string) {
	t.Helper()
	b.Do(t, "open the console", chromedp.Navigate(g.url+"/playground/?"+query), chromedp.WaitVisible(`.pc-header`))
}

// openEditor opens the editor, by the query of its address, and waits for it.
func openEditor(t *testing.T, b *browser.Browser, g *gateway, query string) {
	t.Helper()
	openConsole(t, b, g, query)
	b.Do(t, "wait for the editor", chromedp.WaitVisible(editorIsThere))
}

const editorIsThere = `.graphiql-query-editor .view-line`

// What a frontend developer does in the editor, at both sizes: without an error in the browser's log, a request beyond this
// machine, or a serious finding of axe-core.
func TestConsoleEditor(t *testing.T) {
	g := start(t)
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t)
			b.Resize(t, size.width, size.height)
			openEditor(t, b, g, "frontend=web&operation=ProductPage")
			b.AwaitText(t, ".graphiql-tabs", "Catalogue", "ProductPage")
			b.AwaitText(t, ".pc-header", "web", "Editor", "Routes", "Docs")

			// The answer and what is known of it.
			run(t, b)
			b.AwaitText(t, ".graphiql-response", "Stovetop Espresso")
			b.AwaitText(t, ".pc-answer", "Status\n200", "Time", "Size", "Cost\n", "of at most 26", "Cache\n", "Calls\n6", "headers")
			if shown := b.Eval(t, `document.querySelector('.graphiql-response').innerText`); strings.Contains(shown, "explain") {
				t.Errorf("the explanation is among the answer: %s", shown)
			}
			b.Audit(t, "an answer", axe(t))

			// Errors lead to their places.
			openEditor(t, b, g, "frontend=web&operation="+url.QueryEscape("query Wrong {\n  product(id: \"p1\") { name nothing }\n}"))
			b.AwaitText(t, ".graphiql-tab-active, .graphiql-tabs", "Wrong")
			run(t, b)
			b.AwaitText(t, ".pc-errors", "GRAPHQL_VALIDATION_FAILED", "nothing", "line 2, column 28")
			b.Press(t, `.pc-errors button`)
			b.Audit(t, "errors", axe(t))

			// The token holds for all tabs, and survives a reload; it is not in the lasting storage.
			b.Press(t, `//button[text()="Get a demo token"]`)
			b.AwaitText(t, ".pc-token", "Token set")
			openEditor(t, b, g, "frontend=web&operation=Me")
			b.AwaitText(t, ".pc-token", "Token set")
			run(t, b)
			b.AwaitText(t, ".graphiql-response", "Mara Lindqvist")
			if stored := b.Eval(t, `JSON.stringify(localStorage)`); strings.Contains(stored, "Bearer") || strings.Contains(stored, "eyJ") {
				t.Errorf("the token is in the browser's storage: %s", stored)
			}
			b.Press(t, `//button[text()="Sign out"]`)
			run(t, b)
			b.AwaitText(t, ".pc-errors", "UNAUTHENTICATED")

			// Another frontend has another name, color, endpoint and other tabs.
			before := b.Eval(t, `getComputedStyle(document.querySelector('.pc-name')).backgroundColor`)
			b.Choose(t, `select[aria-label=Frontend]`, "mobile")
			b.AwaitText(t, ".graphiql-tabs", "Home", "Screen")
			b.AwaitText(t, ".pc-name", "mobile")
			if after := b.Eval(t, `getComputedStyle(document.querySelector('.pc-name')).backgroundColor`); after == before {
				t.Errorf("both frontends have the color %s", after)
			}
			if title := b.Eval(t, `document.title`); !strings.Contains(title, "mobile") {
				t.Errorf("the title is %q", title)
			}
			b.Choose(t, `select[aria-label=Theme]`, "Dark theme")
			b.Audit(t, "in the dark", axe(t))
		})
	}
}

// The panels beside the editor: the explorer writes the operation, and the code of each client says the same.
func TestConsolePanels(t *testing.T) {
	g := start(t)
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t)
			b.Resize(t, size.width, size.height)
			variables := `{"id": "p2", "text": "it's \"so\" ${x} ` + "`y`" + `"}`
			const document = "query Shared($id: ID!, $text: String = \"d\") {\n  product(id: $id) { id name }\n  search(text: $text) { __typename }\n}"
			openEditor(t, b, g, url.Values{"frontend": {"web"}, "operation": {document}, "variables": {variables}}.Encode())
			b.AwaitText(t, ".graphiql-tabs", "Shared")

			b.Press(t, `button[aria-label="Show GraphiQL Explorer"]`)
			b.AwaitText(t, ".graphiql-plugin", "Explorer", "categories")
			b.Audit(t, "the explorer", axe(t))

			b.Press(t, `button[aria-label="Show Code"]`)
			for client, text := range map[string]string{"curl": "--data", "fetch": "await fetch", "Apollo Client": "HttpLink", "urql": "fetchExchange"} {
				b.Choose(t, `.pc-panel select`, client)
				b.AwaitText(t, ".pc-panel code", text)
				code := b.Eval(t, `document.querySelector('.pc-panel code').innerText`)
				if got := runCode(t, client, code); !strings.Contains(got, `"id":"p2"`) {
					t.Errorf("%s answers %s:\n%s", client, got, code)
				}
			}
			b.Audit(t, "the code", axe(t))
			if link := b.Eval(t, `document.querySelector('.pc-share').innerText`); link != "Share" {
				t.Errorf("the button says %q", link)
			}
		})
	}
}

// runCode runs code of the console, with the clients of e2e/clients, and returns what it prints.
func runCode(t *testing.T, client, code string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", code)
	if client != "curl" {
		cmd = exec.CommandContext(t.Context(), "node", "--input-type=module")
		cmd.Dir = "clients"
		cmd.Stdin = strings.NewReader(code + "\nconsole.log(JSON.stringify(data));\n")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s\n%s", client, err, out, code)
	}
	return strings.ReplaceAll(string(out), `": "`, `":"`)
}

// A frontend that executes trusted documents only lists them, and they can be opened and executed.
func TestConsoleTrustedDocuments(t *testing.T) {
	d := demotest.Start(t)
	const trusted = "query Trusted { product(id: \"p1\") { name } }"
	manifest := filepath.Join(t.TempDir(), "manifest.json")
	text, _ := json.Marshal(map[string]string{"trusted-1": trusted})
	write(t, manifest, string(text))
	g := startWith(t, d, loopback+authDemo(d)+fmt.Sprintf("playground: {enabled: true}\nfrontend: {introspection: true, documents: {mode: only, manifest: %q}}\n", manifest))
	b := openTab(t)
	openEditor(t, b, g, "frontend=web")
	b.AwaitText(t, ".pc-notice", "Only trusted documents")
	b.Press(t, `button[aria-label="Show Trusted documents"]`)
	b.AwaitText(t, ".pc-panel", "Trusted", "trusted-1")
	b.Audit(t, "trusted documents", axe(t))
	b.Press(t, `.pc-panel li button`)
	b.AwaitText(t, ".graphiql-query-editor", "product")
	run(t, b)
	b.AwaitText(t, ".graphiql-response", "Stovetop Espresso")
}

// The page is small, and what it needs is there soon.
func TestConsoleSize(t *testing.T) {
	g := shared(t)
	b := openTab(t)
	openEditor(t, b, g, "frontend=web")
	b.AwaitText(t, ".graphiql-tabs", "Catalogue")
	took := b.Eval(t, `performance.now().toFixed(0)`)
	const most = 1_500_000
	if got := b.Received(); got > most || got < 100_000 {
		t.Errorf("the page takes %d bytes, want at most %d", got, most)
	}
	usable := b.Eval(t, `performance.getEntriesByName('portico:usable')[0].startTime.toFixed(0)`)
	t.Logf("%d bytes; usable after %s ms, with Monaco after %s ms", b.Received(), usable, took)
}

// The picture of the seed's scenario: a web client and a mobile client request the same product, by different calls.
func TestConsoleRoutes(t *testing.T) {
	g := start(t)
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t)
			b.Resize(t, size.width, size.height)
			openConsole(t, b, g, "view=routes&frontend=web&operation=ProductPage")

			// Before anything is executed: which service answers which field.
			b.AwaitText(t, ".rt-routes-view", "Authentication", "Limits", "Cache", "Batching", "inventory", "grpc", "1 endpoint", "ok")
			b.Audit(t, "the map", axe(t))
			b.Press(t, `//button[contains(., "inventory")]`)
			b.AwaitText(t, ".rt-routes-view", "Product.stock", "inventory.v1.InventoryService/GetStock")

			// An operation, level by level.
			b.Press(t, `//main//button[contains(., "Run")]`)
			b.AwaitText(t, ".rt-sentence", "web ProductPage: 6 calls to 4 services on 3 levels", "cost 26")
			b.AwaitText(t, ".rt-waterfalls table", "accounts", "catalog")
			b.Audit(t, "a run", axe(t))

			// The same page of two apps. What is chosen is in the address.
			openConsole(t, b, g, "view=routes&frontend=web&operation=ProductPage&compare=mobile/Screen")
			b.AwaitText(t, ".rt-sentence", "web ProductPage: ", "mobile Screen: ")
			b.AwaitText(t, ".rt-routes-view", "Differences by service", "product.topReview", "product.reviews")
			b.Audit(t, "a comparison", axe(t))
			b.Choose(t, `select[aria-label=Theme]`, "Dark theme")
			b.Audit(t, "a comparison in the dark", axe(t))

			// What is denied, and what fails.
			openConsole(t, b, g, "view=routes&frontend=web&operation=Me")
			b.Press(t, `//main//button[contains(., "Run")]`)
			b.AwaitText(t, ".rt-problems", "UNAUTHENTICATED", "me")
			if err := g.demo.SetFault(demo.Reviews, demo.Fault{ErrorRate: 1}); err != nil {
				t.Fatal(err)
			}
			defer g.demo.Heal()
			openConsole(t, b, g, "view=routes&frontend=web&operation=ProductPage")
			b.Press(t, `//main//button[contains(., "Run")]`)
			b.AwaitText(t, ".rt-problems", "DOWNSTREAM", "product.reviews")
			b.Audit(t, "failures", axe(t))
		})
	}
}

// Without the right to explanations, the picture says how to get it.
func TestConsoleRoutesAreNotTold(t *testing.T) {
	g := startWith(t, demotest.Start(t), loopback+"playground: {enabled: true}\nfrontend: {introspection: true}\n")
	b := openTab(t)
	openConsole(t, b, g, "view=routes&frontend=web")
	b.AwaitText(t, ".rt-missing", "frontend.explain")
	b.Press(t, `//main//button[contains(., "Run")]`)
	b.AwaitText(t, ".rt-waterfalls", "has no explanation")
	b.Audit(t, "no routes", axe(t))
}

// The documentation is a view, and a panel beside the editor that shows what is chosen there.
func TestConsoleDocs(t *testing.T) {
	g := shared(t)
	const inPage = `document.querySelector('.pc-page').shadowRoot.`
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t)
			b.Resize(t, size.width, size.height)
			openConsole(t, b, g, "view=docs&frontend=web")
			b.Do(t, "wait", chromedp.WaitVisible(`.pc-page`))
			await(t, "the documentation is there", func() bool {
				return strings.Contains(b.Eval(t, `document.querySelector('.pc-page').shadowRoot?.textContent ?? ''`), "GET /products/{$args.id}")
			})
			b.Audit(t, "the docs", axe(t))
			b.Eval(t, inPage+`querySelector('a[href="#Product.stock"]').click(); ''`)
			await(t, "the link leads to its place", func() bool {
				return b.Eval(t, inPage+`getElementById('Product.stock').getBoundingClientRect().top < innerHeight ? 'yes' : 'no'`) == "yes"
			})
			if size.name == "phone" {
				return
			}
			openEditor(t, b, g, "frontend=web&operation=ProductPage")
			b.Press(t, `button[aria-label="Show Documentation"]`)
			await(t, "the panel is there", func() bool {
				return strings.Contains(b.Eval(t, `document.querySelector('.pc-page')?.shadowRoot?.textContent ?? ''`), "Product")
			})
			b.Audit(t, "the panel", axe(t))
		})
	}
}
