package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// Post stands for a model of the project. Models have the names of the schema, which are case-sensitive, as JSON tags.
type Post struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Blog is a hand-written client of the service blog. Clients that bindings generate have the same form.
type Blog struct{ upstream.HTTP }

// NewBlog returns a client. The error says that portico.yaml has no such service.
func NewBlog(services upstream.Clients) (*Blog, error) {
	service, err := services.HTTP("blog")
	if err != nil {
		return nil, err
	}
	return &Blog{service}, nil
}

// Latest returns the latest posts.
func (b *Blog) Latest(ctx context.Context, limit int) ([]*Post, error) {
	return upstream.GetJSON[[]*Post](ctx, b, upstream.Request{
		Path:  []string{"posts"},
		Query: url.Values{"limit": {strconv.Itoa(limit)}}, // is encoded
	})
}

// Post returns a post; nil if there is none.
func (b *Blog) Post(ctx context.Context, id string) (*Post, error) {
	post, err := upstream.GetJSON[*Post](ctx, b, upstream.Request{
		Path: []string{"posts", id}, // id stays one segment, whatever is in it
	})
	if upstream.IsNotFound(err) {
		return post, nil // it is nil after an error
	}
	return post, err
}

// A hand-written client of an HTTP service. Its calls have the timeout, retries and limits that portico.yaml sets for the
// service, and errors that a frontend may see.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.RequestURI() {
		case "/posts?limit=2":
			fmt.Fprint(w, `[{"id": "1", "title": "Hello"}, {"id": "2", "title": "Again"}]`)
		case "/posts/1":
			fmt.Fprint(w, `{"id": "1", "title": "Hello"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()

	// The gateway opens the services of portico.yaml; a test of a client opens its own.
	services, err := upstream.Open([]upstream.Config{{Name: "blog", URL: server.URL}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer services.Close()
	blog, err := NewBlog(services)
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	posts, err := blog.Latest(ctx, 2)
	fmt.Println(len(posts), err)
	post, err := blog.Post(ctx, "1")
	fmt.Println(post.Title, err)
	post, err = blog.Post(ctx, "../admin") // of /posts/..%2Fadmin
	fmt.Println(post, err)
	// Output:
	// 2 <nil>
	// Hello <nil>
	// <nil> <nil>
}
