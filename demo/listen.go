package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// AddressError says that a service cannot listen where it should.
type AddressError struct {
	Service string
	Address string
	Err     error // the cause, such as syscall.EADDRINUSE
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("demo: %s cannot listen on %s: %v", e.Service, e.Address, e.Err)
}

// Unwrap returns the cause.
func (e *AddressError) Unwrap() error { return e.Err }

// listen opens all listeners, by service, or none. It reports every address
// that is not to be had, as an [AddressError] each.
func listen(ctx context.Context, cfg Config) (map[string]net.Listener, error) {
	var errs []error
	listeners := make(map[string]net.Listener)
	addresses := cfg.addresses()
	for _, name := range Names() {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addresses[name])
		if err != nil {
			errs = append(errs, &AddressError{Service: name, Address: addresses[name], Err: cause(err)})
			continue
		}
		listeners[name] = l
	}
	if len(errs) > 0 {
		for _, l := range listeners {
			_ = l.Close() // nothing was accepted yet
		}
		return nil, errors.Join(errs...)
	}
	return listeners, nil
}

// cause drops what net.OpError repeats: the operation and the address.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
