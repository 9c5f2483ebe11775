package mock_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// paged returns a document of a list with parameters and an answer; it has the schema Row.
func paged(parameters, answer string) string {
	return fmt.Sprintf(`
openapi: 3.0.3
info: { title: Rows, version: "1" }
paths:
  /rows:
    get:
      parameters: [%s]
      responses: { "200": { description: ok, headers: { Link: { schema: { type: string } } }, content: { application/json: { schema: %s } } } }
components:
  schemas:
    Row: { type: object, required: [id], properties: { id: { type: string }, size: { type: integer }, genre: { type: string }, genres: { type: array, items: { type: string } } } }
`, parameters, answer)
}

func query(name, schema string) string {
	return "{ name: " + name + ", in: query, schema: { " + schema + " } }"
}

const rowList = `items: { type: array, items: { $ref: "#/components/schemas/Row" } }`

// Pages have different rows, and end.
func TestPagesOfDocuments(t *testing.T) {
	object := func(members string) string { return "{ type: object, properties: { " + members + " } }" }
	for _, c := range []struct {
		name, parameters, answer string
		next                     func(page map[string]any) string // the parameter of the next page; empty at the end
		position                 string
	}{
		{"numbers", query("page", "type: integer") + "," + query("per_page", "type: integer, maximum: 4"),
			object(rowList + ", total: { type: integer }, total_pages: { type: integer }, page: { type: integer }"),
			func(page map[string]any) string {
				if page["page"] == page["total_pages"] {
					return ""
				}
				return fmt.Sprint(page["page"].(float64) + 1)
			}, "page"},
		{"numbers from 0", query("page", "type: integer, minimum: 0") + "," + query("size", "type: integer, default: 10"),
			object("content: { type: array, items: { $ref: '#/components/schemas/Row' } }, number: { type: integer }, last: { type: boolean }, totalElements: { type: integer }"),
			func(page map[string]any) string {
				if page["last"].(bool) {
					return ""
				}
				return fmt.Sprint(page["number"].(float64) + 1)
			}, "page"},
		{"offsets", query("offset", "type: integer") + "," + query("limit", "type: integer, default: 7"),
			object("data: " + object(rowList) + ", meta: " + object("total_count: { type: integer }, has_more: { type: boolean }, offset: { type: integer }, limit: { type: integer }")),
			func(page map[string]any) string {
				meta := page["meta"].(map[string]any)
				if !meta["has_more"].(bool) {
					return ""
				}
				return fmt.Sprint(meta["offset"].(float64) + meta["limit"].(float64))
			}, "offset"},
		{"cursors", query("cursor", "type: string") + "," + query("limit", "type: integer"),
			object(rowList + ", paging: " + object("next: "+object("after: { type: string }"))),
			func(page map[string]any) string {
				paging, _ := page["paging"].(map[string]any)
				next, _ := paging["next"].(map[string]any)
				after, _ := next["after"].(string)
				return after
			}, "cursor"},
		{"keys of rows", query("starting_after", "type: string") + "," + query("limit", "type: integer"),
			strings.ReplaceAll(object("data: { type: array, items: { type: object, properties: { id: { type: string, pattern: '^r_[a-z]{9}$' } } } }, has_more: { type: boolean }"), "'", `"`),
			func(page map[string]any) string {
				if !page["has_more"].(bool) {
					return ""
				}
				rows := page["data"].([]any)
				return rows[len(rows)-1].(map[string]any)["id"].(string)
			}, "starting_after"},
		{"numbers that are texts", query("page", "type: string") + "," + query("limit", "type: string"),
			object(rowList + ", next: { type: string }"),
			func(page map[string]any) string {
				next, _ := page["next"].(string)
				return next
			}, "page"},
		{"a next page that must be there", query("pageToken", "type: string") + "," + query("pageSize", "type: integer, default: 9"),
			"{ type: object, required: [items, nextPageToken], properties: { " + rowList + ", nextPageToken: { type: string } } }",
			func(page map[string]any) string { return page["nextPageToken"].(string) }, "pageToken"},
		{"URLs", query("page", "type: integer"),
			object("results: { type: array, items: { $ref: '#/components/schemas/Row' } }, count: { type: integer }, next: { type: string, format: uri, nullable: true }"),
			func(page map[string]any) string {
				next, _ := page["next"].(string)
				at, err := url.Parse(next)
				if err != nil {
					t.Fatal(err)
				}
				return at.Query().Get("page")
			}, "page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, values, seen, pages := service(t, paged(c.parameters, c.answer), 1)+"/rows?", url.Values{}, map[string]bool{}, 0
			for ; pages < 30; pages++ {
				_, text := call(t, http.MethodGet, at+values.Encode(), "")
				var page map[string]any
				if err := json.Unmarshal([]byte(text), &page); err != nil {
					t.Fatal(err)
				}
				collectIDs(t, page, seen)
				for _, name := range []string{"total", "totalElements", "count"} {
					if total, ok := page[name]; ok && total != 25.0 {
						t.Errorf("%s: want a total of 25", text)
					}
				}
				next := c.next(page)
				if next == "" {
					break
				}
				values.Set(c.position, next)
			}
			if len(seen) != 25 || pages == 0 {
				t.Errorf("%d rows in %d pages; want 25 in several", len(seen), pages+1)
			}
		})
	}
}

// collectIDs adds the ids of an answer, each of which must be new.
func collectIDs(t *testing.T, value any, seen map[string]bool) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			collectIDs(t, item, seen)
		}
	case map[string]any:
		if id, ok := value["id"].(string); ok {
			if seen[id] {
				t.Errorf("the row %s is there twice", id)
			}
			seen[id] = true
		}
		for _, member := range value {
			collectIDs(t, member, seen)
		}
	}
}

// A list that is the whole answer has the next page in a header.
func TestPagesWithLinks(t *testing.T) {
	at, pages, rows := service(t, paged(query("page", "type: integer")+","+query("limit", "type: integer"), `{ type: array, items: { type: string } }`), 1)+"/rows?limit=10", 0, 0
	for at != "" && pages < 9 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		pages, rows = pages+1, rows+len(list)
		at, _, _ = strings.Cut(strings.TrimPrefix(response.Header.Get("Link"), "<"), ">")
	}
	if pages != 3 || rows != 25 {
		t.Errorf("%d rows in %d pages; want 25 in 3", rows, pages)
	}
}

// A filter is the same on all pages, and parameters of pages are no filters.
func TestPagesWithFilters(t *testing.T) {
	at := service(t, paged(query("page", "type: integer")+","+query("size", "type: integer")+","+query("genre", "type: string"), "{ type: object, properties: { "+rowList+" } }"), 1)
	for page := 1; page < 4; page++ {
		_, text := call(t, http.MethodGet, fmt.Sprintf("%s/rows?size=10&genre=noir&page=%d", at, page), "")
		var answer struct {
			Items []struct {
				ID, Genre string
				Size      int
			}
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		want := 10
		if page == 3 {
			want = 5
		}
		if len(answer.Items) != want || answer.Items[0].ID != strconv.Itoa(page*10-9) || answer.Items[want-1].Genre != "noir" || answer.Items[0].Size == answer.Items[1].Size {
			t.Errorf("page %d: %s", page, text)
		}
	}
}

// A filter is echoed as the schema of its property has it, or not at all.
func TestFilters(t *testing.T) {
	document := strings.ReplaceAll(paged(query("genre", "type: string"), "{ type: array, items: { $ref: '#/components/schemas/Row' } }"),
		"size: { type: integer }", "size: { type: integer }, state: { type: string, enum: [open, closed] }, since: { type: string, format: date-time }, on: { type: boolean }, of: { type: object }")
	at := service(t, document, 1)
	for _, c := range []struct{ query, part, not string }{
		{"genres=noir", `"genres":["noir"]`, `"genres":"noir"`},
		{"genres=noir,folk&genres=jazz", `"genres":["noir","folk","jazz"]`, ""},
		{"genre=noir", `"genre":"noir"`, ""},
		{"size=7", `"size":7`, ""}, // nothing declares it as the size of a page
		{"state=closed", `"state":"closed"`, `"state":"open"`},
		{"state=all", `"state":"open"`, `"state":"all"`},
		{"size=big", `"size":`, `"size":"big"`},
		{"since=2026", `"since":"2026-`, `"since":"2026"`},
		{"since=2026-01-02T03:04:05Z", `"since":"2026-01-02T03:04:05Z"`, ""},
		{"on=true", `"on":true`, `"on":false`},
		{"of=x", `"of":{}`, `"of":"x"`},
	} {
		if _, text := call(t, http.MethodGet, at+"/rows?"+c.query, ""); !strings.Contains(text, c.part) || c.not != "" && strings.Contains(text, c.not) {
			t.Errorf("%s: %s; want %s and not %s", c.query, text, c.part, c.not)
		}
	}
}
