package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/singleflight"
)

// The rows of answers.
type (
	name struct {
		Name string `json:"name"`
	}
	commentOut struct {
		Body   string `json:"body"`
		Author *name  `json:"author"`
	}
	postWithUser struct {
		ID    int    `json:"id"`
		Title string `json:"title"`
		User  *name  `json:"user"`
	}
	postWithComments struct {
		ID       int          `json:"id"`
		Title    string       `json:"title"`
		Comments []commentOut `json:"comments"`
	}
)

// handler is what a team would write by hand instead of a gateway: a route for each
// operation, with encoding/json, which makes the same calls.
type handler struct {
	blog   string
	client *http.Client
	shared *singleflight.Group // nil: each request is answered for itself
}

func newHandler(blog string, coalesce bool) http.Handler {
	h := &handler{blog: blog, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256}}}
	if coalesce {
		h.shared = new(singleflight.Group)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /q5u", h.route(h.users))
	mux.Handle("POST /q4u", h.route(h.comments))
	mux.HandleFunc("POST /constant", func(w http.ResponseWriter, r *http.Request) {
		if _, err := decodeRequest(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"data":{"__typename":"Query"}}`)
	})
	return mux
}

type request struct {
	Query     string
	Variables map[string]any
}

func decodeRequest(r *http.Request) (*request, error) {
	var req request
	return &req, json.NewDecoder(r.Body).Decode(&req)
}

func (h *handler) route(answer func(tag string) (any, error)) http.HandlerFunc {
	encoded := func(tag string) ([]byte, error) {
		posts, err := answer(tag)
		if err != nil {
			return nil, err
		}
		return json.Marshal(map[string]any{"data": map[string]any{"posts": posts}})
	}
	return func(w http.ResponseWriter, r *http.Request) {
		req, err := decodeRequest(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		tag, _ := req.Variables["tag"].(string)
		var body []byte
		if h.shared == nil {
			body, err = encoded(tag)
		} else {
			var value any
			value, err, _ = h.shared.Do(r.URL.Path+tag, func() (any, error) { return encoded(tag) })
			body, _ = value.([]byte)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	}
}

func (h *handler) get(path string, into any) error {
	resp, err := h.client.Get(h.blog + path) //nolint:noctx // as short as such handlers are
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// names returns the names of users by their ids.
func (h *handler) names(ids map[int]bool) (map[int]*name, error) {
	var list []user
	if err := h.get("/users?"+query("id", slices.Sorted(maps.Keys(ids))), &list); err != nil {
		return nil, err
	}
	names := make(map[int]*name, len(list))
	for _, u := range list {
		names[u.ID] = &name{u.Name}
	}
	return names, nil
}

func query(key string, ids []int) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(key + "=" + strconv.Itoa(id))
	}
	return b.String()
}

// users answers with posts and their users: two levels.
func (h *handler) users(tag string) (any, error) {
	var list []post
	if err := h.get("/posts?tag="+tag, &list); err != nil {
		return nil, err
	}
	ids := map[int]bool{}
	for _, p := range list {
		ids[p.UserID] = true
	}
	names, err := h.names(ids)
	if err != nil {
		return nil, err
	}
	out := make([]postWithUser, len(list))
	for i, p := range list {
		out[i] = postWithUser{p.ID, p.Title, names[p.UserID]}
	}
	return out, nil
}

// comments answers with posts, their comments and the authors of these: three
// levels.
func (h *handler) comments(tag string) (any, error) {
	var list []post
	if err := h.get("/posts?tag="+tag, &list); err != nil {
		return nil, err
	}
	postIDs := make([]int, len(list))
	for i, p := range list {
		postIDs[i] = p.ID
	}
	var all []comment
	if err := h.get("/comments?"+query("postId", postIDs), &all); err != nil {
		return nil, err
	}
	ids, ofPost := map[int]bool{}, map[int][]comment{}
	for _, c := range all {
		ids[c.UserID] = true
		ofPost[c.PostID] = append(ofPost[c.PostID], c)
	}
	names, err := h.names(ids)
	if err != nil {
		return nil, err
	}
	out := make([]postWithComments, len(list))
	for i, p := range list {
		out[i] = postWithComments{p.ID, p.Title, make([]commentOut, 0, len(ofPost[p.ID]))}
		for _, c := range ofPost[p.ID] {
			out[i].Comments = append(out[i].Comments, commentOut{c.Body, names[c.UserID]})
		}
	}
	return out, nil
}

// canned answers every request with the same bytes and fields.
type cannedAnswer struct {
	Header http.Header
	Body   []byte
}

// ServeHTTP is part of http.Handler.
func (c *cannedAnswer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	maps.Copy(w.Header(), c.Header)
	_, _ = w.Write(c.Body)
}
