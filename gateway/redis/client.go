package redis

import (
	"context"

	"github.com/redis/rueidis"
)

// client is what the link needs of rueidis. Packages that use a link compile with its type, which
// therefore does not name rueidis.Client: its commands are 2,500 types.
type client interface {
	// exec calls a script several times in one pipeline: one round trip, and another one if a
	// server does not know the script yet. The results are in the order of the calls.
	exec(ctx context.Context, script *Script, calls []Call) []Result
	// connectAll connects to all nodes, if the server is a cluster, so that all connections are there
	// before a session begins; a node that does not answer is no concern of the others' keys.
	connectAll(ctx context.Context)
	close()
}

// dialing is how a link connects.
type dialing struct {
	options rueidis.ClientOption
	// connected is called before a connection is used.
	connected func()
	// tracked are prefixes of the keys for whose changes changed is called, with nil when a connection
	// was lost, or the server's data replaced.
	tracked []string
	changed func(keys []string)
}

// connect returns a client that is connected.
func (d dialing) connect() (client, error) {
	options := d.options
	options.DialCtxFn = dialer(options, d.connected)
	options.OnInvalidations = func(keys []rueidis.RedisMessage) { d.changed(namesOf(keys)) }
	for _, prefix := range d.tracked {
		options.ClientTrackingOptions = append(options.ClientTrackingOptions, "PREFIX", prefix)
	}
	if options.DisableCache = len(d.tracked) == 0; !options.DisableCache {
		options.ClientTrackingOptions = append(options.ClientTrackingOptions, "BCAST")
	}
	made, err := rueidis.NewClient(options)
	if err != nil {
		return nil, err
	}
	return rueidisClient{made}, nil
}

// namesOf returns the keys of an invalidation; nil for nil.
func namesOf(keys []rueidis.RedisMessage) []string {
	if keys == nil {
		return nil
	}
	names := make([]string, 0, len(keys))
	for i := range keys {
		if name, err := keys[i].ToString(); err == nil {
			names = append(names, name)
		}
	}
	return names
}

type rueidisClient struct{ rueidis.Client }

func (c rueidisClient) exec(ctx context.Context, s *Script, calls []Call) []Result {
	commands := make(rueidis.Commands, len(calls))
	for i, call := range calls {
		commands[i] = c.B().Evalsha().Sha1(s.sha).Numkeys(int64(len(call.Keys))).Key(call.Keys...).Arg(call.Args...).Build()
	}
	results := c.DoMulti(ctx, commands...)
	for i, result := range results {
		if e, ok := rueidis.IsRedisErr(result.Error()); ok && e.IsNoScript() {
			call := calls[i]
			results[i] = c.Do(ctx, c.B().Eval().Script(s.text).Numkeys(int64(len(call.Keys))).Key(call.Keys...).Arg(call.Args...).Build())
		}
	}
	return results
}

func (c rueidisClient) connectAll(ctx context.Context) {
	if c.Mode() == rueidis.ClientModeCluster {
		for _, node := range c.Nodes() {
			_ = node.Do(ctx, node.B().Ping().Build()).Error()
		}
	}
}

func (c rueidisClient) close() { c.Close() }
