package decode_test

import (
	stdjson "encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/portico-gateway/portico/gateway/decode"
)

// post is a model as a project has it: without the members that the schema has
// no field for.
type post struct {
	ID     int    `json:"id"`
	UserID int    `json:"userId"`
	Title  string `json:"title"`
	Body   string `json:"body"`

	Faults *decode.Faults `json:"-"`
}

var (
	service    = decode.Source{Service: "posts", Binding: "posts.graphql:3:5"}
	postFields = decode.Fields{Type: "Post", Names: []string{"id", "userId", "title", "body"}}
)

// readPost reads an object as generated code does.
func readPost(d *decode.JSON, row *post) error {
	if err := d.Object(); err != nil {
		row.Faults = d.Whole(&postFields, err)
		return nil
	}
	id, userID, title, body := decode.ErrMissing, decode.ErrMissing, decode.ErrMissing, decode.ErrMissing
	for d.Next() {
		switch d.Name() {
		case "id":
			row.ID, id = d.Int()
		case "userId":
			row.UserID, userID = d.Int()
		case "title":
			row.Title, title = d.String()
		case "body":
			row.Body, body = d.String()
		}
	}
	if decode.First(id, userID, title, body) != nil {
		row.Faults = d.Faults(&postFields, []error{id, userID, title, body})
	}
	return nil
}

func readPosts(text string) ([]*post, error) {
	d := decode.NewJSON(text, service)
	rows, err := decode.Rows(d, readPost)
	return rows, decode.First(d.End(), err)
}

// posts is an answer with rows of about 300 bytes.
func posts(rows int, body string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id": %d, "userId": %d, "title": "Post %d of a user", "body": %q, "createdAt": "2024-05-06T07:08:09Z", `+
			`"stats": {"likes": %d, "views": 12.5, "tags": ["a", "b"]}, "published": true}`, i+1, i/10, i, body, i%7)
	}
	b.WriteByte(']')
	return b.String()
}

const prose = "The quick brown fox jumps over the lazy dog, and the dog, which does not mind, sleeps on until somebody calls."

func TestPosts(t *testing.T) {
	for name, body := range map[string]string{"plain": prose, "with escapes": prose + "\n\"", "of other letters": strings.Repeat("Füchse ", 10)} {
		t.Run(name, func(t *testing.T) {
			rows, err := readPosts(posts(500, body))
			if err != nil || len(rows) != 500 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			want := post{ID: 500, UserID: 49, Title: "Post 499 of a user", Body: body}
			if got := *rows[499]; got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// Neither a row nor a string of one is allocated on its own.
func TestAllocationsOfRows(t *testing.T) {
	for _, n := range []int{0, 1, 10, 100, 500, 5000} {
		text := posts(n, prose)
		got := testing.AllocsPerRun(10, func() {
			if rows, err := readPosts(text); err != nil || len(rows) != n {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
		})
		if most := float64(n/32 + 16); got > most {
			t.Errorf("%d rows: %v allocations, want at most %v", n, got, most)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	bodies := []struct{ name, body string }{{"plain", prose}, {"escapes", prose + "\n\""}, {"umlauts", strings.Repeat("Füchse ", 14)}}
	readers := []struct {
		name string
		read func(text string) (int, error)
	}{
		{"decode", func(text string) (int, error) {
			rows, err := readPosts(text)
			return len(rows), err
		}},
		{"skip", func(text string) (int, error) { return 500, decode.NewJSON(text, service).End() }},
		{"experiment", func(text string) (int, error) {
			var rows []*post
			err := json.Unmarshal([]byte(text), &rows)
			return len(rows), err
		}},
		{"std", func(text string) (int, error) {
			var rows []*post
			err := stdjson.Unmarshal([]byte(text), &rows)
			return len(rows), err
		}},
	}
	for _, body := range bodies {
		text := posts(500, body.body)
		for _, r := range readers {
			b.Run(body.name+"/"+r.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if n, err := r.read(text); err != nil || n != 500 {
						b.Fatal(n, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(text)), "ns/byte")
			})
		}
	}
}
