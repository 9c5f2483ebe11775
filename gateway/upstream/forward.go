package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/portico-gateway/portico/gateway/problem"
)

// canonical returns names of headers in canonical spelling.
func canonical(names []string) []string {
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = http.CanonicalHeaderKey(name)
	}
	return names
}

// checkMetadata checks that headers can be sent as metadata of gRPC. The error has every
// mistake.
func checkMetadata(names []string) error {
	var errs []error
	for _, name := range names {
		switch key := strings.ToLower(name); {
		case strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "":
			errs = append(errs, fmt.Errorf("headers: %s is not a name of metadata, which has only letters, digits, dots, - and _", name))
		case key == "user-agent" || strings.HasPrefix(key, "grpc-"):
			errs = append(errs, fmt.Errorf("headers: gRPC sets %s itself", name))
		case strings.HasSuffix(key, "-bin"):
			errs = append(errs, fmt.Errorf("headers: metadata whose name ends with -bin, such as %s, is binary", name))
		}
	}
	return errors.Join(errs...)
}

// forward adds the headers of the caller's request that the service is sent, except
// those that header has already.
func (c *httpClient) forward(ctx context.Context, header http.Header) {
	for _, name := range c.config().Headers {
		if header[name] != nil {
			continue
		}
		if values := valuesOf(ctx, name); len(values) > 0 {
			header[name] = values
		}
	}
}

// forwarded returns the headers of the caller's request that the service is sent,
// except those that the context has as metadata already. Its error is a problem.
func (c *grpcClient) forwarded(ctx context.Context) (pairs []string, err error) {
	if len(c.config().Headers) == 0 {
		return nil, nil
	}
	have, _ := metadata.FromOutgoingContext(ctx)
	for _, name := range c.config().Headers {
		key := strings.ToLower(name)
		if have[key] != nil {
			continue
		}
		for _, value := range valuesOf(ctx, name) {
			if !printable(value) {
				return nil, problem.Wrap(fmt.Errorf("the header %s of the caller: %w", name, errCharacters), problem.BadUserInput,
					"The header %s can't be sent to a service: it has characters other than printable ASCII.", name)
			}
			pairs = append(pairs, key, value)
		}
	}
	return pairs, nil
}
