package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/usage"
)

// adminToken is the variable of the environment with the token of gateways whose usage is read.
const adminToken = "ADMIN_TOKEN"

// readUsage reads and merges recorded usage: files, or URLs of admin addresses. It returns nil
// if there are none. What is wrong in a file has its name and line.
func readUsage(ctx context.Context, names []string) (*usage.Usage, error) {
	var all *usage.Usage
	for _, name := range names {
		in, err := openUsage(ctx, name)
		if err != nil {
			return nil, err
		}
		u, err := usage.Read(in, usage.Limits{})
		_ = in.Close() // it was only read
		if wrong, ok := errors.AsType[*usage.SyntaxError](err); ok {
			return nil, fmt.Errorf("%s:%d: %w", name, wrong.Line, wrong.Err)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if all == nil {
			all = u
		} else {
			all.Merge(u)
		}
	}
	return all, nil
}

// openUsage opens a file, or what a URL answers.
func openUsage(ctx context.Context, name string) (io.ReadCloser, error) {
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		return os.Open(name)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	if token := os.Getenv(adminToken); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: time.Minute}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		hint := ""
		if response.StatusCode == http.StatusUnauthorized {
			hint = "; set " + adminToken + " to the gateway's admin.token"
		}
		return nil, fmt.Errorf("%s: the answer is %s%s", name, response.Status, hint)
	}
	return response.Body, nil
}
