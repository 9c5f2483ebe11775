package e2e_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var screenshots = flag.Bool("screenshots", false, "take the pictures of the documents anew")

// TestScreenshots takes the pictures of README.md and docs/console.md: make screenshots.
func TestScreenshots(t *testing.T) {
	if !*screenshots {
		t.Skip("make screenshots takes them")
	}
	g := start(t)
	b := openTab(t)
	take := func(name string, width, height int64) {
		t.Helper()
		b.Resize(t, width, height)
		b.Eval(t, `document.activeElement?.blur(); ''`)
		if err := os.Rename(b.Picture(t), filepath.Join("..", "docs", name+".png")); err != nil {
			t.Fatal(err)
		}
	}
	const width, height = 1280, 800
	b.Resize(t, width, height)
	openEditor(t, b, g, "frontend=web&operation=ProductPage")
	b.AwaitText(t, ".graphiql-tabs", "ProductPage")
	run(t, b)
	b.AwaitText(t, ".pc-answer", "Calls\n6")
	await(t, "the operation is colored", func() bool {
		return b.Eval(t, `[...document.querySelectorAll('.graphiql-query-editor .view-line span span')].some(({textContent, className}) =>
			textContent.trim() === 'amount' && className !== 'mtk1') ? 'yes' : ''`) == "yes"
	})
	take("playground", width, height)

	openConsole(t, b, g, "view=routes&frontend=web&operation=ProductPage")
	b.Press(t, `//main//button[contains(., "Run")]`)
	b.AwaitText(t, ".rt-sentence", "6 calls")
	b.Press(t, `//button[contains(., "Answer")]`)
	take("routes", width, 1180)

	b.Resize(t, width, height)
	openConsole(t, b, g, "view=routes&frontend=web&operation=ProductPage&compare=mobile/Screen")
	b.AwaitText(t, ".rt-routes-view", "Differences by service")
	b.Press(t, `//button[contains(., "Answer")]`)
	take("routes-compared", width, 1500)

	openConsole(t, b, g, "view=docs&frontend=web")
	await(t, "the documentation is there", func() bool {
		return b.Eval(t, `document.querySelector('.pc-page')?.shadowRoot?.getElementById('Query.product') ? 'yes' : ''`) == "yes"
	})
	take("docs", width, height)
}
