package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	plainOperation = `.graphiql-query-editor textarea.pc-plain`
	// plainCursor puts the cursor before the last brace, into the field product.
	plainCursor = `(() => {
		const area = document.querySelector('` + plainOperation + `');
		area.setSelectionRange(area.value.lastIndexOf(' } }'), area.value.lastIndexOf(' } }'));
		return '';
	})()`
)

// The editor can be used before Monaco is loaded, here: while the gateway's answer with it is held back. Monaco takes
// the text, the cursor, the focus and the answer over, and the next keys go to it.
func TestConsoleBeforeMonaco(t *testing.T) {
	g := start(t)
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t)
			b.Resize(t, size.width, size.height)
			release := b.Hold(t, monaco(t))
			openConsole(t, b, g, "frontend=web&operation=ProductPage")
			b.Do(t, "wait for the plain editor", chromedp.WaitVisible(plainOperation))
			b.AwaitText(t, ".graphiql-tabs", "Catalogue", "ProductPage")
			b.Audit(t, "the plain editor", axe(t))

			// Typed, and executed by the keyboard and by the button.
			b.Do(t, "select all", chromedp.Click(plainOperation), chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)))
			b.Insert(t, `query Early { product(id: "p1") { name } }`)
			b.Do(t, "execute by keyboard", chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl)))
			b.AwaitText(t, ".graphiql-response", "Stovetop Espresso")
			b.AwaitText(t, ".graphiql-tabs", "Early")
			b.Eval(t, `(document.querySelector('`+plainOperation+`').focus(), '')`)
			b.Eval(t, plainCursor)
			b.Insert(t, " id")
			b.Press(t, `.graphiql-execute-button`)
			b.AwaitText(t, ".graphiql-response", `"id": "p1"`)
			b.Audit(t, "an early answer", axe(t))
			if n := b.Eval(t, `String(document.querySelectorAll('.monaco-editor').length)`); n != "0" {
				t.Fatalf("%s editors of Monaco are there", n)
			}

			release()
			b.Do(t, "wait for Monaco", chromedp.WaitVisible(editorIsThere), chromedp.WaitNotPresent(`.pc-plain`))
			b.AwaitText(t, ".graphiql-query-editor", `query Early { product(id: "p1") { name`, "id")
			b.AwaitText(t, ".graphiql-response", "Stovetop Espresso", `"id": "p1"`)
			b.Insert(t, " price")
			b.AwaitText(t, ".graphiql-query-editor", " id price")
		})
	}
}

// An operation that is under way when Monaco takes over is answered in Monaco's editor.
func TestConsoleAnswerAfterMonaco(t *testing.T) {
	g := start(t)
	b := openTab(t)
	release := b.Hold(t, monaco(t))
	openConsole(t, b, g, "frontend=web")
	b.Do(t, "wait for the plain editor", chromedp.Click(plainOperation), chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)))
	b.Insert(t, `subscription Watch { stockChanged(productId: "p1") { available } }`)
	b.Press(t, `.graphiql-execute-button`)
	b.AwaitText(t, ".graphiql-response", `"available": 100`)
	release()
	b.Do(t, "wait for Monaco", chromedp.WaitVisible(editorIsThere), chromedp.WaitNotPresent(`.pc-plain`))
	if a := g.query(t, "web", buy, nil, "Authorization", "Bearer "+mint(t, g)); len(a.Errors) > 0 {
		t.Fatalf("buy: %s", a.body)
	}
	b.AwaitText(t, ".graphiql-response", `"available": 98`)
}

// monaco returns the address of Monaco: it is the largest of the page's scripts.
func monaco(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../gateway/playground/assets/chunk-*.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	var largest os.FileInfo
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if largest == nil || info.Size() > largest.Size() {
			largest = info
		}
	}
	return "*/" + strings.TrimSuffix(largest.Name(), ".gz")
}
