package e2e_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/portico-gateway/portico/e2e/browser"
)

func TestScratch(t *testing.T) {
	g := start(t)
	b := browser.Start(t)
	shot := func(name string) {
		os.Rename(b.Picture(t), "/tmp/shots/"+name+".png")
	}
	b.Do(t, "open the page", chromedp.Navigate(g.url+"/"), chromedp.WaitVisible(`.graphiql-query-editor .view-line`))
	b.AwaitText(t, ".graphiql-tabs", "Catalogue")
	b.Do(t, "tab", chromedp.Click(`//button[text()="ProductPage"]`))
	run(t, b)
	b.AwaitText(t, ".pc-answer", "Calls")
	shot("editor")
	b.Do(t, "me", chromedp.Click(`//button[text()="Me"]`))
	run(t, b)
	b.AwaitText(t, ".pc-answer", "UNAUTH")
	b.Do(t, "panel", chromedp.Click(`button[aria-label="Show Code"]`))
	shot("errors")
	b.Do(t, "panel", chromedp.Click(`button[aria-label="Show GraphiQL Explorer"]`))
	b.Do(t, "size", chromedp.EmulateViewport(390, 844))
	shot("phone")
	b.Do(t, "scroll", chromedp.Click(`.graphiql-execute-button`))
	shot("phone2")
}
