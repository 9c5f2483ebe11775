package service

import (
	"net/http"

	"github.com/portico-gateway/portico/demo/internal/data"
	"github.com/portico-gateway/portico/demo/internal/rest"
	"github.com/portico-gateway/portico/demo/internal/shop"
	"github.com/portico-gateway/portico/demo/internal/token"
)

// The routes of the accounts service that stand for an identity provider.
const (
	TokenRoute  = "POST /token"
	KeySetRoute = "GET /.well-known/jwks.json"
)

type accounts struct {
	shop   *shop.Shop
	issuer *token.Issuer
}

// publicUser is a customer as others see them: without the email address.
type publicUser struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	AvatarURL   string `json:"avatar_url"`
}

func public(u data.User) publicUser {
	return publicUser{ID: u.ID, DisplayName: u.DisplayName, AvatarURL: u.AvatarURL}
}

// NewAccounts returns the routes of the customers and their tokens.
func NewAccounts(s *shop.Shop, issuer *token.Issuer) *http.ServeMux {
	a := accounts{shop: s, issuer: issuer}
	routes := http.NewServeMux()
	routes.Handle("GET /users", rest.Handler(a.users))
	routes.Handle("GET /users/{id}", rest.Handler(a.user))
	routes.Handle("GET /me", rest.Handler(a.me))
	routes.Handle(TokenRoute, rest.Handler(a.token))
	routes.Handle(KeySetRoute, rest.Handler(a.keySet))
	return routes
}

func (a accounts) users(w http.ResponseWriter, r *http.Request) error {
	ids, err := rest.IDs(r, "ids")
	if err != nil {
		return err
	}
	found := []publicUser{}
	for _, id := range unordered(ids) {
		if u, ok := a.shop.User(id); ok {
			found = append(found, public(u))
		}
	}
	return rest.WriteJSON(w, http.StatusOK, map[string][]publicUser{"users": found})
}

func (a accounts) user(w http.ResponseWriter, r *http.Request) error {
	u, ok := a.shop.User(r.PathValue("id"))
	if !ok {
		return rest.NotFound("there is no user %q", r.PathValue("id"))
	}
	return rest.WriteJSON(w, http.StatusOK, public(u))
}

func (a accounts) me(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.issuer.Verify(r.Header.Get("Authorization"))
	if err != nil {
		return rest.Unauthorized()
	}
	u, ok := a.shop.User(caller.Subject)
	if !ok {
		return rest.NotFound("there is no user %q", caller.Subject)
	}
	return rest.WriteJSON(w, http.StatusOK, u)
}

type tokenRequest struct {
	Subject string   `json:"subject"`
	Scopes  []string `json:"scopes"`
}

// tokenResponse has the shape of RFC 6749, section 5.1.
type tokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// token mints a token for any caller, since this is a demo.
func (a accounts) token(w http.ResponseWriter, r *http.Request) error {
	var in tokenRequest
	if err := rest.ReadJSON(w, r, &in); err != nil {
		return err
	}
	if _, ok := a.shop.User(in.Subject); !ok {
		return rest.BadRequest("the subject %q is no user", in.Subject)
	}
	signed, err := a.issuer.Mint(in.Subject, in.Scopes)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return rest.WriteJSON(w, http.StatusOK, tokenResponse{
		AccessToken: signed, TokenType: "Bearer", ExpiresIn: int(token.Lifetime.Seconds()),
	})
}

func (a accounts) keySet(w http.ResponseWriter, _ *http.Request) error {
	keys, err := a.issuer.KeySet()
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, http.StatusOK, keys)
}
