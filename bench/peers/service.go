package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The rows of the service.
type (
	post struct {
		ID     int    `json:"id"`
		UserID int    `json:"userId"`
		Title  string `json:"title"`
		Body   string `json:"body"`
	}
	comment struct {
		ID     int    `json:"id"`
		PostID int    `json:"postId"`
		UserID int    `json:"userId"`
		Name   string `json:"name"`
		Email  string `json:"email"`
		Body   string `json:"body"`
	}
	user struct {
		ID       int    `json:"id"`
		Name     string `json:"name"`
		Username string `json:"username"`
		Email    string `json:"email"`
		Phone    string `json:"phone"`
		Website  string `json:"website"`
	}
)

// The sizes of what the service has: each comment has an author of its own, and
// the posts have ten.
const (
	posts           = 100
	commentsOfAPost = 5
	authors         = 10
)

// blog is the service: it answers from memory, so that it costs little, each time
// after a delay.
func blog(delay time.Duration) http.Handler {
	words := strings.Repeat("lorem ipsum dolor sit amet ", 4)
	var allPosts []post
	var allComments []comment
	for i := range posts {
		allPosts = append(allPosts, post{i + 1, i%authors + 1, fmt.Sprintf("title %d %s", i, words[:36]), words})
		for k := range commentsOfAPost {
			n := i*commentsOfAPost + k + 1
			allComments = append(allComments, comment{n, i + 1, n, "name " + words[:20], fmt.Sprintf("c%d@example.com", n), words[:60]})
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/posts", canned(delay, func(*http.Request) any { return allPosts }))
	mux.Handle("/comments", canned(delay, func(*http.Request) any { return allComments }))
	mux.Handle("/users", canned(delay, func(r *http.Request) any {
		var list []user
		for _, id := range r.URL.Query()["id"] {
			n, _ := strconv.Atoi(id)
			list = append(list, user{n, fmt.Sprint("User ", n), fmt.Sprint("user", n), fmt.Sprintf("u%d@example.com", n), "123-456", "example.com"})
		}
		return list
	}))
	return mux
}

// canned answers with what the function returns, which is called once for a
// query. The query's tag distinguishes requests, and does not count.
func canned(delay time.Duration, rows func(*http.Request) any) http.HandlerFunc {
	var mu sync.Mutex
	known := map[string][]byte{}
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.RawQuery
		if strings.HasPrefix(query, "tag=") {
			query = ""
		}
		mu.Lock()
		body := known[query]
		if body == nil {
			body, _ = json.Marshal(rows(r)) // these always can be
			known[query] = body
		}
		mu.Unlock()
		if delay > 0 {
			time.Sleep(delay)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the caller left
	}
}
