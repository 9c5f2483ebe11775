package auth

import (
	"context"
	"net/netip"

	"github.com/portico-gateway/portico/gateway/provenance"
)

// AddressKey is where a context has the *[netip.Addr] of its client.
type AddressKey struct{}

// WithAddress returns a context of a client at an address.
func WithAddress(ctx context.Context, address netip.Addr) context.Context {
	return context.WithValue(ctx, AddressKey{}, &address)
}

// Address returns the address of the client as text; of IPv6 its network of 64 bits,
// of which a client can use every address (RFC 6177). It is empty when the address is not known. An answer
// that is made with it is for one request only: it is noted in the context's
// provenance.
func Address(ctx context.Context) string {
	provenance.From(ctx).Uses(provenance.Everything)
	known, _ := ctx.Value(AddressKey{}).(*netip.Addr)
	if known == nil || !known.IsValid() {
		return ""
	}
	address := known.Unmap()
	if address.Is6() {
		if prefix, err := address.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// Client returns an identifier of the caller: the ID of the principal, or the Address
// of an anonymous caller.
func Client(ctx context.Context) string {
	if principal := From(ctx); principal != nil {
		return principal.ID()
	}
	return Address(ctx)
}
