package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// sending says where and how requests to a gateway are sent.
type sending struct {
	// run is the URL of the gateway, or of the frontend.
	run, frontend string
	header        http.Header
}

// sent is the answer to a request.
type sent struct {
	from, status string // the URL without its password, and such as "200 OK"
	text         []byte
}

// mostAnswer is the most bytes of an answer that are read.
const mostAnswer = 64 << 20

// headerFlag defines --header, which may be repeated and adds to header.
func headerFlag(cmd *cobra.Command, header http.Header) {
	cmd.Flags().Func("header", "send a header field, `'NAME: VALUE'`; may be repeated", func(line string) error {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return errors.New("write 'Name: value'")
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		return nil
	})
}

// send posts the body of a GraphQL request.
func (s sending) send(ctx context.Context, request map[string]any) (sent, error) {
	target, err := url.Parse(s.run)
	if err != nil || target.Host == "" {
		return sent{}, fmt.Errorf("--run %q is no URL, such as http://127.0.0.1:8080", s.run)
	}
	if strings.Trim(target.Path, "/") == "" {
		target = target.JoinPath("graphql", s.frontend)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return sent{}, err
	}
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return sent{}, err
	}
	req.Header = s.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return sent{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	return sent{target.Redacted(), resp.Status, text}, err
}
