package execute

import (
	"context"
	"errors"
	"slices"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Fallback returns a resolver whose results are those of resolve, with a value instead
// of an error for each parent whose service is not available. field is the name of the
// field, such as "Product.reviews", for the log. value returns a new value.
//
// The error is logged. The provenance of the answer records the fallback: see
// [provenance.Record.FellBack].
func Fallback[P, R any](field string, resolve Resolver[P, R], value func() R) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		values, failed := resolve.call(ctx, parents)
		if failed == nil {
			return values, nil
		}
		if values == nil {
			values = make([]R, len(parents))
		} else {
			values = slices.Clone(values)
		}
		errs := slices.Clone(failed) // others may have them
		for i, err := range failed {
			if err != nil {
				values[i], errs[i] = FallbackOne(ctx, field, value)(values[i], err)
			}
		}
		return values, itemErrors(errs)
	}
}

// FallbackOne is [Fallback] for the result of a call for one value:
// FallbackOne(ctx, field, value)(call()).
func FallbackOne[R any](ctx context.Context, field string, value func() R) func(R, error) (R, error) {
	return func(have R, err error) (R, error) {
		if err == nil || !isOutage(ctx, err) {
			return have, err
		}
		provenance.From(ctx).FellBack()
		if e := executionOf(ctx); e != nil && e.fellBack != nil {
			e.fellBack(ctx, field, err)
		}
		return value(), nil
	}
}

// isOutage reports whether an error says that a service is not available. Any other
// error than a problem does so if the time of the call was over.
func isOutage(ctx context.Context, err error) bool {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Outage
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}
