package e2e_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/portico-gateway/portico/e2e/browser"
)

// A frontend developer reads the documentation on a wide screen and on a telephone: searches, follows links, runs an example.
func TestDocsInTheBrowser(t *testing.T) {
	g := start(t)
	b := browser.Start(t)
	b.NoErrors(t)
	for _, screen := range []struct{ width, height int64 }{{1400, 900}, {390, 844}} {
		t.Run(fmt.Sprint(screen.width), func(t *testing.T) {
			b.Do(t, "open the page", chromedp.EmulateViewport(screen.width, screen.height), chromedp.Navigate(g.url+"/docs/web"),
				chromedp.WaitVisible("[data-search] input"))
			wide := b.Eval(t, `String(document.documentElement.scrollWidth <= innerWidth)`)
			if wide != "true" {
				t.Errorf("the page is scrolled sideways (picture: %s)", b.Picture(t))
			}
			b.AwaitText(t, "main", "The customer whose token was sent.", "signed in", "30 per 1m per principal", "limits.depth", "at most 100 items (first)")
			searchDocs(t, b)
			followDocs(t, b)
			b.Do(t, "run an example", chromedp.Click(`[id="example-Catalogue"] [data-run]`))
			b.AwaitText(t, `[id="example-Catalogue"] [data-status]`, "Status 200")
			b.AwaitText(t, `[id="example-Catalogue"] [data-answer]`, `"nodes"`)
			if b.Eval(t, `String(document.documentElement.scrollWidth <= innerWidth)`) != "true" {
				t.Errorf("an answer makes the page scroll sideways (picture: %s)", b.Picture(t))
			}
			if runs := b.Eval(t, `String(document.querySelector('[id="example-Buy"] [data-run]'))`); runs != "null" {
				t.Error("a mutation is run by a press of a button")
			}
		})
	}
}

// visible are the elements of the contents and of the sections that are shown, of these.
const visible = `(() => ['Query.me', 'Query.products', 'Viewer', 'Viewer.email', 'Money', 'docs-examples'].filter(id => {
	const element = document.getElementById(id), link = document.querySelector('nav a[href="#' + CSS.escape(id) + '"], nav a[href="#' + id + '"]');
	if (link && Boolean(link.closest('[hidden]')) !== Boolean(element.closest('[hidden]'))) throw new Error(id + ' differs in the contents');
	return !element.closest('[hidden]');
}).join())()`

func searchDocs(t *testing.T, b *browser.Browser) {
	t.Helper()
	all := b.Eval(t, visible)
	// The driver sends the character of a key even if its press was taken, unlike a keyboard.
	const slash = `document.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true, cancelable: true})); String(document.activeElement.type)`
	if at := b.Eval(t, slash); at != "search" {
		t.Errorf("/ leads to %s", at)
	}
	b.Do(t, "search", chromedp.KeyEvent("token was sent"))
	b.AwaitText(t, "[data-search] [role=status]", "match")
	if got := b.Eval(t, visible); got != "Query.me" {
		t.Errorf("the search leaves %s (picture: %s)", got, b.Picture(t))
	}
	b.Do(t, "search for a type", chromedp.SendKeys(`[data-search] input`, kb.Escape), chromedp.SendKeys(`[data-search] input`, "as only they see themselves"))
	b.AwaitText(t, "[data-search] [role=status]", "1 match")
	if got := b.Eval(t, visible); got != "Viewer,Viewer.email" {
		t.Errorf("the search for a type leaves %s (picture: %s)", got, b.Picture(t))
	}
	b.Do(t, "clear", chromedp.SendKeys(`[data-search] input`, kb.Escape))
	if got := b.Eval(t, visible); got != all {
		t.Errorf("%s is left, want %s", got, all)
	}
}

func followDocs(t *testing.T, b *browser.Browser) {
	t.Helper()
	b.Do(t, "follow a link", chromedp.Click(`[id="Query.me"] h4 a[href="#Viewer"]`))
	const there = `String(location.hash === '#Viewer' && document.querySelector('#Viewer').matches(':target'))`
	if b.Eval(t, there) != "true" {
		t.Error("the link to a type leads elsewhere")
	}
}
