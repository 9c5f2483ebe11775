// Package demo runs the services that the gateway is shown and tested with: a
// small shop, made of four HTTP and two gRPC services on real sockets, and a
// control that counts their calls and makes them fail.
//
// The data is the same in every run; see README.md for the routes.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/clients/reviews/reviewspb"
	"github.com/portico-gateway/portico/demo/internal/calls"
	"github.com/portico-gateway/portico/demo/internal/fault"
	"github.com/portico-gateway/portico/demo/internal/service"
	"github.com/portico-gateway/portico/demo/internal/shop"
	"github.com/portico-gateway/portico/demo/internal/token"
)

// Fault is how a service misbehaves. The zero value is a healthy service.
type Fault = fault.Fault

// Calls are the calls that services got, by service and route: the pattern of
// an HTTP route ("GET /products/{id}") or the name of a gRPC method.
type Calls = calls.Counts

// Demo is a running set of services. It is safe for concurrent use.
type Demo struct {
	addresses map[string]string
	servers   map[string]server

	shop   *shop.Shop
	issuer *token.Issuer
	calls  calls.Counter
	faults *fault.Switch

	serving sync.WaitGroup
	stopped func() error // stops everything, once
}

// Start listens on all addresses and serves until the context ends or
// [Demo.Close] is called. When it returns, every service answers. It fails with
// an [AddressError] for each address that is not to be had.
func Start(ctx context.Context, cfg Config) (*Demo, error) {
	listeners, err := listen(ctx, cfg)
	if err != nil {
		return nil, err
	}
	issuer, err := token.NewIssuer("http://"+listeners[Accounts].Addr().String(), time.Now)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d := &Demo{
		addresses: make(map[string]string),
		shop:      shop.New(),
		issuer:    issuer,
		faults:    fault.NewSwitch(Names()[1:]...), // the control has no faults: it could not heal itself
	}
	d.servers = d.newServers() //nolint:contextcheck // calls of a gRPC server have contexts of their own
	d.serve(ctx, listeners)
	return d, nil
}

func (d *Demo) newServers() map[string]server {
	return map[string]server{
		Control: newHTTPServer(d.controlRoutes()),
		Catalog: newHTTPServer(d.wrapHTTP(Catalog, service.NewCatalog(d.shop))),
		Accounts: newHTTPServer(d.wrapHTTP(
			Accounts, service.NewAccounts(d.shop, d.issuer), service.TokenRoute, service.KeySetRoute,
		)),
		Orders:   newHTTPServer(d.wrapHTTP(Orders, service.NewOrders(d.shop, d.issuer))),
		Shipping: newHTTPServer(d.wrapHTTP(Shipping, service.NewShipping(d.shop))),
		Reviews: d.newGRPCServer(Reviews, func(r grpc.ServiceRegistrar) {
			reviewspb.RegisterReviewsServiceServer(r, service.NewReviews(d.shop, d.issuer))
		}),
		Inventory: d.newGRPCServer(Inventory, func(r grpc.ServiceRegistrar) {
			inventorypb.RegisterInventoryServiceServer(r, service.NewInventory(d.shop))
		}),
	}
}

// wrapHTTP adds health, counting and faults to the routes of a service. A call
// counts before its fault holds it up.
func (d *Demo) wrapHTTP(name string, routes *http.ServeMux, uncounted ...string) http.Handler {
	all := http.NewServeMux()
	all.Handle("GET /healthz", httpHealth(func() bool { return d.faults.Serving(name) }))
	all.Handle("/", d.calls.HTTP(name, routes, d.faults.HTTP(name, routes), uncounted...))
	return all
}

// newGRPCServer is wrapHTTP for gRPC, with reflection.
func (d *Demo) newGRPCServer(name string, register func(grpc.ServiceRegistrar)) grpcServer {
	s := grpc.NewServer(
		grpc.WaitForHandlers(true),
		grpc.ChainUnaryInterceptor(d.calls.Unary(name), d.faults.Unary(name)),
		grpc.ChainStreamInterceptor(d.calls.Stream(name), d.faults.Stream(name)),
	)
	register(s)
	healthpb.RegisterHealthServer(s, grpcHealth{serving: func() bool { return d.faults.Serving(name) }})
	reflection.Register(s)
	return grpcServer{Server: s}
}

func (d *Demo) serve(ctx context.Context, listeners map[string]net.Listener) {
	calls, cancel := context.WithCancel(ctx)
	errs := make(chan error, len(d.servers))
	for name, s := range d.servers {
		d.addresses[name] = listeners[name].Addr().String()
		d.serving.Go(func() {
			if err := s.serve(calls, listeners[name]); err != nil {
				errs <- fmt.Errorf("demo: %s: %w", name, err)
			}
		})
	}
	d.stopped = sync.OnceValue(func() error {
		cancel()
		return d.stop(errs)
	})
	context.AfterFunc(ctx, func() { _ = d.stopped() }) // Close returns the error
}

// stop stops all servers side by side.
func (d *Demo) stop(errs chan error) error {
	var stopping sync.WaitGroup
	for _, s := range d.servers {
		stopping.Go(s.stop)
	}
	stopping.Wait()
	d.serving.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// Close stops all services and returns when no goroutine of them is left. It
// fails when a service had ended before. More calls give the same result.
func (d *Demo) Close() error { return d.stopped() }

// Addr is where a service listens, "127.0.0.1:7001". It panics when there is no
// such service.
func (d *Demo) Addr(name string) string {
	address, ok := d.addresses[name]
	if !ok {
		panic(fmt.Sprintf("demo: there is no service %q: there are %s", name, strings.Join(Names(), ", ")))
	}
	return address
}

// URL is [Demo.Addr] with a scheme: http, or grpc for those that speak it.
func (d *Demo) URL(name string) string {
	if d.speaksGRPC(name) {
		return "grpc://" + d.Addr(name)
	}
	return "http://" + d.Addr(name)
}

func (d *Demo) speaksGRPC(name string) bool {
	_, ok := d.servers[name].(grpcServer)
	return ok
}

// Calls returns the calls since the start or the last reset. Health checks,
// reflection, tokens and keys don't count, nor does the control.
func (d *Demo) Calls() Calls { return d.calls.Counts() }

// Reset forgets all calls and restores the data. Faults stay.
func (d *Demo) Reset() {
	d.shop.Reset()
	d.calls.Reset()
}

// SetFault replaces the fault of a service. It fails when there is no such
// service, the fault is not valid, or HTML is asked of a service that speaks
// gRPC.
func (d *Demo) SetFault(name string, f Fault) error {
	if f.HTML && d.speaksGRPC(name) {
		return fmt.Errorf("demo: %s speaks gRPC: it cannot answer HTML", name)
	}
	if err := d.faults.Set(name, f); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// Heal lifts all faults.
func (d *Demo) Heal() { d.faults.Heal() }

// Token mints a token for a user, such as "u1", that is valid for an hour. The
// only scope that means something to the services is "orders:write".
func (d *Demo) Token(userID string, scopes ...string) (string, error) {
	return d.issuer.Mint(userID, scopes)
}
