package upstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Mirror sends copies of a share of the calls that only read to a version, whose answers
// are ignored. The zero value sends none.
type Mirror struct {
	// To is a name of [Config].Versions.
	To string
	// Percent is the share of the calls.
	Percent float64
}

// version is a version of a service, with endpoints and policies of its own.
type version struct {
	owner    *versions
	name     string // empty for the main one
	balancer *balancer
	policies *policies
	send     send // of calls, through the policies and the balancer
	open     send // of streams
}

// versions are those of a service. It is safe for concurrent use.
type versions struct {
	service  string
	main     *version
	named    map[string]*version
	ruled    bool     // there are rules
	fallback *version // nil for none
	mirror   *version // nil for none
	share    float64  // of the calls that are mirrored
	random   func() float64
	observer Observer // nil for nobody

	running context.Context         //nolint:containedctx // see stop
	stop    context.CancelFunc      // ends run
	next    atomic.Pointer[service] // has those by which these are replaced; nil if they are not

	ctx     context.Context //nolint:containedctx // of copies, which outlast the calls
	cancel  context.CancelFunc
	copying sync.Mutex // no copy begins when it is held
	copies  sync.WaitGroup
	slots   chan struct{} // one for each copy that is under way
}

// newVersions returns the versions of a service.
func newVersions(c Config) (*versions, error) {
	vs := &versions{
		service: c.Name, named: map[string]*version{}, ruled: len(c.Canary) > 0,
		share: c.Mirror.Percent / 100, random: rand.Float64, slots: make(chan struct{}, max(c.Concurrency/4, 1)), observer: c.Observer,
	}
	var err error
	if vs.main, err = vs.newVersion(c, "", c.Endpoints); err != nil {
		return nil, err
	}
	for name, targets := range c.Versions {
		of := c.Endpoints
		of.Targets, of.File = targets.Targets, targets.File
		v, err := vs.newVersion(c, name, of)
		if err != nil {
			return nil, &ofSetting{"versions." + name, err}
		}
		if main, u := vs.url(), v.balancer.set.URL(); u.Scheme != main.Scheme || u.Path != main.Path {
			return nil, &ofSetting{"versions." + name, fmt.Errorf("its URL must have the scheme and the path of that of the service: %s, and not %s", main, u)}
		}
		vs.named[name] = v
	}
	for _, rule := range c.Canary {
		if err = rule.Check(); err == nil {
			_, err = vs.get(rule.To)
		}
		if err != nil {
			return nil, &ofSetting{"canary", err}
		}
	}
	if vs.fallback, err = vs.get(c.Fallback); err != nil {
		return nil, &ofSetting{"fallback", err}
	}
	if vs.mirror, err = vs.get(c.Mirror.To); err != nil {
		return nil, &ofSetting{"mirror", err}
	}
	vs.ctx, vs.cancel = context.WithCancel(context.Background())
	vs.running, vs.stop = context.WithCancel(context.Background())
	return vs, nil
}

func (vs *versions) newVersion(c Config, name string, of endpoint.Config) (*version, error) {
	set, err := endpoint.NewSet(of)
	if err != nil {
		return nil, err
	}
	b := &balancer{service: c.Name, timeout: c.Timeout, set: set}
	p := newPolicies(c)
	return &version{vs, name, b, p, through(b.send, p.calls()...), through(b.open, p.streams()...)}, nil
}

// url returns the URL of the main version: its scheme and path are those of all.
func (vs *versions) url() endpoint.URL { return vs.main.balancer.set.URL() }

// get returns the version of a name; nil if that is empty.
func (vs *versions) get(name string) (*version, error) {
	if v := vs.named[name]; v != nil || name == "" {
		return v, nil
	}
	return nil, fmt.Errorf("there is no version %s of the service", name)
}

// of returns the version that is called for a caller, and notes in the provenance of the
// answer that it depends on it.
func (vs *versions) of(ctx context.Context) *version {
	if !vs.ruled {
		return vs.main
	}
	provenance.From(ctx).UsesVersion(vs.service)
	if v := vs.named[callerOf(ctx).Versions[vs.service]]; v != nil {
		return v
	}
	return vs.main
}

// through sends a call to its version, or to what replaces that before the call is given to an
// endpoint.
func (c *call) through(ctx context.Context, send func(*versions, context.Context, *call) error) error {
	for {
		err := send(c.version.owner, ctx, c)
		next := c.version.owner.next.Load()
		if next == nil || !errors.Is(err, endpoint.ErrRetired) {
			return err
		}
		c.version = next.versions().like(c.version)
	}
}

// open opens a stream.
func (c *call) open(ctx context.Context) error {
	return c.through(ctx, func(_ *versions, ctx context.Context, c *call) error { return c.version.open(ctx, c) })
}

// send makes a call of its version. If that is not available and the call only reads, it
// is made at the fallback.
func (vs *versions) send(ctx context.Context, c *call) error {
	v := c.version
	if vs.mirror != nil && c.idempotent && c.copy != nil && v != vs.mirror && vs.random() < vs.share {
		vs.sendCopy(ctx, c)
	}
	if vs.fallback == nil || v == vs.fallback || !c.idempotent {
		return v.send(ctx, c)
	}
	first, cancel := beforeFallback(ctx)
	defer cancel()
	err := v.send(first, c)
	if err == nil || !isOutage(err) || ctx.Err() != nil {
		return err
	}
	c.decided(FellBack, err)
	again := &call{route: c.route, idempotent: true, attempt: c.attempt} // not hedged
	if vs.fallback.send(ctx, again) == nil {
		c.fellBack = true
		return nil
	}
	return err
}

// beforeFallback returns a context for a call that leaves a third of its time for the
// fallback, in case that it is not answered in time.
func beforeFallback(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/3)) //nolint:mnd // see above
}

// sendCopy sends a copy of a call to the mirror, unless too many are under way. It does so once:
// the call may be sent through other versions then.
func (vs *versions) sendCopy(ctx context.Context, c *call) {
	vs.copying.Lock()
	defer vs.copying.Unlock()
	if vs.ctx.Err() != nil {
		return
	}
	attempt := c.copy
	c.copy = nil
	select {
	case vs.slots <- struct{}{}:
	default:
		return
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), vs.main.balancer.timeout)
	stop := context.AfterFunc(vs.ctx, cancel) //nolint:contextcheck // it ends with the service
	c.decided(Mirrored, nil)
	vs.copies.Go(func() {
		defer func() {
			stop()
			cancel()
			<-vs.slots
		}()
		_ = vs.mirror.send(own, &call{route: c.route, attempt: attempt}) // what it answers is ignored
	})
}

// endCopies ends copies, and waits for them. None begins after it.
func (vs *versions) endCopies() {
	vs.copying.Lock()
	vs.cancel()
	vs.copying.Unlock()
	vs.copies.Wait()
}

// all returns all versions.
func (vs *versions) all() []*version {
	all := []*version{vs.main}
	for _, v := range vs.named {
		all = append(all, v)
	}
	return all
}

// run keeps what is known of endpoints up to date, until ctx is done.
func (vs *versions) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(vs.running, cancel)() //nolint:contextcheck // the versions' own
	var group sync.WaitGroup
	for _, v := range vs.all() {
		group.Go(func() { v.balancer.set.Run(ctx) })
	}
	group.Wait()
}

// replace makes others take the calls that are not given to an endpoint yet. Connections are
// closed when the calls and streams on them have ended. next has the others; it is nil for a
// service that is gone. The versions do not refer to the others themselves: a stream, which may
// last, would keep all that follow.
func (vs *versions) replace(next *service) {
	vs.next.Store(next)
	vs.endCopies()
	for _, v := range vs.all() {
		v.balancer.set.Retire()
	}
}

// like returns the version that replaces one of others.
func (vs *versions) like(v *version) *version {
	if named := vs.named[v.name]; named != nil {
		return named
	}
	return vs.main
}

// close ends copies, and closes the connections.
func (vs *versions) close() {
	vs.stop()
	vs.endCopies()
	for _, v := range vs.all() {
		v.balancer.set.Close()
	}
}
