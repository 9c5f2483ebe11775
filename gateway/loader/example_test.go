package loader_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Post and User stand for models of the project.
type (
	Post struct{ Title, AuthorID string }
	User struct{ ID, Name string }
)

// fetchUsers stands for a call of a service, such as GET /users?id=u1,u2. It returns a user for each key that has one.
func fetchUsers(_ context.Context, ids []string) (map[string]*User, error) {
	fmt.Println("call for", strings.Join(ids, ","))
	rows := []*User{{"u1", "Ann"}, {"u2", "Ben"}}
	return loader.ByKey(rows, func(u *User) string { return u.ID }), nil
}

// A method that takes all parents of a level loads what they need in one batch, with each key once. Bindings generate such
// loaders; New makes one by hand.
func ExampleResolve() {
	users := loader.New(100, fetchUsers) // at most 100 keys in a call

	// Author is the method of Post.author.
	author := func(ctx context.Context, posts []*Post) ([]*User, error) {
		return loader.Resolve(ctx, users, posts, func(p *Post) string { return p.AuthorID })
	}

	// The gateway calls it with the context of the request, which has a scope.
	ctx := loader.WithScope(context.Background())
	posts := []*Post{{"Hello", "u1"}, {"Again", "u1"}, {"Bye", "u2"}, {"Orphan", "u3"}}
	authors, err := author(ctx, posts)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, post := range posts {
		if authors[i] == nil { // the service has no such user
			fmt.Println(post.Title, "has no author")
			continue
		}
		fmt.Println(post.Title, "by", authors[i].Name)
	}
	// Output:
	// call for u1,u2,u3
	// Hello by Ann
	// Again by Ann
	// Bye by Ben
	// Orphan has no author
}

// If only some keys fail, the others keep their values, and the error has one entry for each parent. A method returns both.
func ExampleKeyErrors() {
	users := loader.New(100, func(_ context.Context, ids []string) (map[string]*User, error) {
		return map[string]*User{"u1": {"u1", "Ann"}}, loader.KeyErrors[string]{
			"u2": problem.New(problem.Forbidden, "This user is private."),
		}
	})
	values, err := users.LoadAll(loader.WithScope(context.Background()), []string{"u1", "u2"})
	fmt.Println(values[0].Name)
	fmt.Println(err)
	// Output:
	// Ann
	// 1 of 2 failed, the first: FORBIDDEN: This user is private.
}

// A field with an argument needs a loader for each value of the argument: a Family. This service has no call for several
// keys, so OneByOne makes a call for each key, of which at most 8 run at once.
func ExampleFamily() {
	latest := loader.NewFamily(loader.Unlimited, func(ctx context.Context, first int, authors []string) (map[string][]*Post, error) {
		return loader.OneByOne(8, func(_ context.Context, author string) ([]*Post, error) {
			posts := []*Post{{"Bye", author}, {"Again", author}, {"Hello", author}} // of GET /users/{author}/posts?limit={first}
			return posts[:first], nil
		})(ctx, authors)
	})
	lists, err := latest.For(2).LoadAll(loader.WithScope(context.Background()), []string{"u1", "u2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, posts := range lists {
		fmt.Println(posts[0].AuthorID, len(posts))
	}
	// Output:
	// u1 2
	// u2 2
}

// Without Cache, a loader loads each key once per request. With it, requests share the values for MaxAge.
func ExampleLoader_Cache() {
	// In a project, the store is that of the service's client: c.Store().
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	users := loader.New(100, func(context.Context, []string) (map[string]*User, error) {
		return map[string]*User{"u1": {"u1", "Ann"}}, nil
	}).Cache(loader.Caching{Store: store, Service: "accounts", Name: "users", MaxAge: time.Minute})

	for range 2 { // two requests, of which the second usually makes no call
		user, err := users.Load(loader.WithScope(context.Background()), "u1")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Name)
	}
	// Output:
	// Ann
	// Ann
}
