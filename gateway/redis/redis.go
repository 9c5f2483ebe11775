// Package redis is the gateway's link to Redis, which its parts share: one
// client, whose state is observed in one place.
//
// A [Link] connects, and checks every 100 ms whether the server answers and
// accepts writes. While it does, the link has a [Session]: one uninterrupted
// connection to one life of the server. What is read in a session is of that
// life; a server that was restarted from a snapshot, or replaced by a replica,
// is another session. Parts send scripts through a [Port], which bounds how long
// a request waits.
package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Config describes the server of a link.
type Config struct {
	// URL is redis:// or rediss://, with user, password and database. Several of
	// them, separated by commas, are nodes of one cluster. The server is Redis 6 or
	// newer, or Valkey.
	URL string
	// Prefix is that of all keys; portico.
	Prefix string
	// Timeout is how long a request that needs the result waits for the server at
	// most; 50 ms.
	Timeout time.Duration
}

// options reads URLs. Its error has none of them: they have passwords.
//
// A request does not wait for a second attempt, and there is one connection to a
// node, so that the link's checks are of the one that requests use.
func options(urls string) (rueidis.ClientOption, error) {
	var options rueidis.ClientOption
	for i, text := range strings.Split(urls, ",") {
		one, err := rueidis.ParseURL(strings.TrimSpace(text))
		if err != nil {
			return options, fmt.Errorf("address %d is not one such as redis://host:6379", i+1)
		}
		if i == 0 {
			options = one
			continue
		}
		options.InitAddress = append(options.InitAddress, one.InitAddress...)
	}
	options.DisableRetry = true
	options.PipelineMultiplex = -1
	options.BlockingPipeline = -1 // a long pipeline, too, has no connection of its own
	options.ConnWriteTimeout = 2 * time.Second
	options.Dialer = net.Dialer{Timeout: time.Second}
	options.ClientName = "portico"
	return options, nil
}

// dialer returns a function that dials, and calls connected before a connection is used.
func dialer(options rueidis.ClientOption, connected func()) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	dial := options.DialCtxFn
	if dial == nil {
		dial = func(ctx context.Context, address string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
			if config != nil {
				return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
			}
			return d.DialContext(ctx, "tcp", address)
		}
	}
	return func(ctx context.Context, address string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
		conn, err := dial(ctx, address, d, config)
		if err == nil {
			connected()
		}
		return conn, err
	}
}
