package dev

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// listen listens at host:port, or at unix:/path.
func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	l, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (does another gateway run? Stop it, or set another address)", setting, err)
	}
	return l, nil
}

// withTLS makes a listener speak TLS if the configuration says so, with its certificates; nobody is asked for one. It closes
// the listener if there is an error.
func withTLS(l net.Listener, cfg *config.Config, root string) (net.Listener, error) {
	if cfg.Server.TLS == nil {
		return l, nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	for _, c := range cfg.Server.TLS.Certificates {
		pair, err := tls.LoadX509KeyPair(inProject(root, c.Certificate), inProject(root, c.Key))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("server.tls: %w", err), l.Close())
		}
		settings.Certificates = append(settings.Certificates, pair)
	}
	return tls.NewListener(l, settings), nil
}

// reachable reports whether something listens at an address.
func reachable(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// inProject returns the path of a file that the configuration of a project names.
func inProject(root, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(root, name)
}

// dialing returns a transport whose connections are to a Unix domain socket.
func dialing(address string) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", strings.TrimPrefix(address, "unix:"))
		},
		MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
}
