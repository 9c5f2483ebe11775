// Package accounts calls the accounts service, a REST service with customers.
package accounts

import (
	"context"
	"net/url"
	"strings"

	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph/model"
)

// Client calls the service.
type Client struct{ *upstream.HTTP }

// New makes a client of the service accounts.
func New(services *upstream.Services) (*Client, error) {
	c, err := services.HTTP("accounts")
	return &Client{c}, err
}

// user is a customer as the service has it; Email only for themselves.
type user struct {
	ID          string  `json:"id"`
	DisplayName string  `json:"display_name"`
	Email       string  `json:"email"`
	AvatarURL   *string `json:"avatar_url"`
}

// UsersByID returns the customers with these ids, in any order; those that do
// not exist are missing.
func (c *Client) UsersByID(ctx context.Context, ids []string) ([]*model.User, error) {
	type users struct {
		Users []user `json:"users"`
	}
	found, err := upstream.GetJSON[users](ctx, c.HTTP, upstream.Request{
		Path:  []string{"users"},
		Query: url.Values{"ids": {strings.Join(ids, ",")}},
	})
	list := make([]*model.User, len(found.Users))
	for i, u := range found.Users {
		list[i] = &model.User{ID: u.ID, Name: u.DisplayName, AvatarURL: u.AvatarURL}
	}
	return list, err
}

// Me returns the customer whose token the caller sent; a problem
// UNAUTHENTICATED when it is not accepted.
func (c *Client) Me(ctx context.Context) (*model.Viewer, error) {
	u, err := upstream.GetJSON[user](ctx, c.HTTP, upstream.Request{Path: []string{"me"}})
	if err != nil {
		return nil, err
	}
	return &model.Viewer{ID: u.ID, Name: u.DisplayName, Email: u.Email, AvatarURL: u.AvatarURL}, nil
}
