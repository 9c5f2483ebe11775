package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/portico-gateway/portico/e2e/browser"
)

// A frontend developer reads the documentation on a wide screen and on a telephone: searches, follows links, runs an example.
func TestDocsInTheBrowser(t *testing.T) {
	g := start(t)
	b := openTab(t)
	for _, screen := range []struct{ width, height int64 }{{1400, 900}, {390, 844}} {
		t.Run(strconv.FormatInt(screen.width, 10), func(t *testing.T) {
			b.Do(t, "open the page", chromedp.EmulateViewport(screen.width, screen.height), chromedp.Navigate(g.url+"/docs/web"),
				chromedp.WaitVisible("[data-search] input"))
			wide := b.Eval(t, `String(document.documentElement.scrollWidth <= innerWidth)`)
			if wide != "true" {
				t.Errorf("the page is scrolled sideways (picture: %s)", b.Picture(t))
			}
			b.AwaitText(t, "main", "The customer whose token was sent.", "signed in", "30 per 1m per principal", "limits.depth", "at most 100 items (first)")
			searchDocs(t, b)
			followDocs(t, b)
			b.Press(t, `[id="example-Catalogue"] [data-run]`)
			b.AwaitText(t, `[id="example-Catalogue"] [data-status]`, "Status 200")
			b.AwaitText(t, `[id="example-Catalogue"] [data-answer]`, `"nodes"`)
			if b.Eval(t, `String(document.documentElement.scrollWidth <= innerWidth)`) != "true" {
				t.Errorf("an answer makes the page scroll sideways (picture: %s)", b.Picture(t))
			}
			b.Audit(t, "the page", axe(t))
			b.Do(t, "prefer the dark", prefer("dark"))
			b.Audit(t, "the page in the dark", axe(t))
			b.Do(t, "prefer the light", prefer("light"))
			if runs := b.Eval(t, `String(document.querySelector('[id="example-Buy"] [data-run]'))`); runs != "null" {
				t.Error("a mutation is run by a press of a button")
			}
		})
	}
}

// prefer sets the color scheme that the user prefers.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

// Another page shows the documentation in a shadow root: it says where examples are sent, and with which header fields.
func TestDocsInAShadowRoot(t *testing.T) {
	g := start(t)
	b := openTab(t)
	b.Do(t, "open another page", chromedp.Navigate(g.url+"/docs/mobile"), chromedp.WaitVisible("[data-search] input"))
	b.Eval(t, `(async () => {
		const { enhance } = await import('/docs/assets/docs.js');
		const page = new DOMParser().parseFromString(await (await fetch('/docs/web')).text(), 'text/html');
		const host = document.createElement('div'), result = document.createElement('p');
		result.id = 'result';
		document.body.replaceChildren(host, result);
		const root = host.attachShadow({ mode: 'open' });
		root.append(page.querySelector('[data-docs]'));
		const sent = [];
		const end = enhance(root, {
			endpoint: '/elsewhere', headers: () => ({ Authorization: 'Bearer x' }),
			fetch: async (url, init) => { sent.push(url, init.headers.Authorization, JSON.parse(init.body).query.slice(0, 15)); return new Response('<b>no JSON</b>', { status: 202 }); },
		});
		const example = root.querySelector('[id="example-Catalogue"]');
		example.querySelector('[data-run]').click();
		await new Promise(resolve => new MutationObserver((_, o) => { if (!example.querySelector('[data-run]').disabled) { o.disconnect(); resolve(); } }).observe(example, { subtree: true, attributes: true }));
		const input = root.querySelector('input'), type = text => { input.value = text; input.dispatchEvent(new Event('input')); };
		type('as only they see themselves');
		const found = [...root.querySelectorAll('.type:not([hidden])')].map(e => e.id);
		root.querySelector('[id="Viewer"] .self').click();
		const kept = location.hash;
		end();
		type('');
		result.textContent = JSON.stringify({ sent, found, kept, left: root.querySelectorAll('.type:not([hidden])').length,
			status: example.querySelector('[data-status]').textContent.replace(/\d+ ms/, 'N ms'), answer: example.querySelector('[data-answer]').innerHTML });
	})(), ''`)
	b.AwaitText(t, "#result", `"sent":["/elsewhere","Bearer x","query Catalogue"]`, `"found":["Viewer"]`, `"kept":""`, `"left":1`,
		`"status":"Status 202, N ms"`, `"answer":"<code>&lt;b&gt;no JSON&lt;/b&gt;</code>"`)
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
	b.Press(t, `[id="Query.me"] h4 a[href="#Viewer"]`)
	const there = `String(location.hash === '#Viewer' && document.querySelector('#Viewer').matches(':target'))`
	if b.Eval(t, there) != "true" {
		t.Error("the link to a type leads elsewhere")
	}
}

// The commands of docs/apidocs.md write what it says. With routes, they write what the gateway serves.
func TestDocsCommands(t *testing.T) {
	g := start(t)
	text, err := os.ReadFile("../docs/apidocs.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("```sh\ngo run ./cmd/portico (docs [^\n]*)\n```").FindAllStringSubmatch(string(text), -1)
	if len(commands) != 3 {
		t.Fatalf("%d commands are shown, want 3", len(commands))
	}
	out := filepath.Join(t.TempDir(), "site")
	written := map[string]string{}
	for _, command := range commands {
		args := strings.NewReplacer("--out site", "--out "+out, "http://127.0.0.1:8080", g.url).Replace(command[1])
		cmd := exec.CommandContext(t.Context(), "sh", "-c", portico+" "+args)
		cmd.Dir = ".."
		if printed, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args, err, printed)
		}
		markdown, err := os.ReadFile(filepath.Join(out, "web.md"))
		if err != nil {
			t.Fatal(err)
		}
		written[command[1]] = string(markdown)
	}
	list := regexp.MustCompile("(?s)```text\n(site/.*?)```").FindStringSubmatch(string(text))
	if list == nil {
		t.Fatal("no files are listed")
	}
	for name := range strings.FieldsSeq(list[1]) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(out), name)); err != nil {
			t.Error(err)
		}
	}
	for option, want := range map[string][]string{
		"--routes": {"Resolved by catalog: `GET /products/{$args.id}`", "## Changes since HEAD"},
		"--run":    {"Stovetop Espresso Maker", "Not run: it is a mutation.", "Not run: it needs a token.", "Not run: it is a subscription."},
	} {
		for command, markdown := range written {
			for _, text := range want {
				if got := strings.Contains(markdown, text); got != strings.Contains(command, option) {
					t.Errorf("%s: has %q: %v", command, text, got)
				}
			}
		}
	}
	_, _, served := get(t, g.url+"/docs/web.md")
	for command, markdown := range written {
		if before, _, _ := strings.Cut(markdown, "\n## Changes"); strings.Contains(command, "--routes") && before != served {
			t.Errorf("the gateway serves\n%s\nbut %s writes\n%s", served, command, before)
		}
	}
}
