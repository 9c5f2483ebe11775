// Package dev serves a project while it is edited: it watches the project's files, generates and builds what has changed,
// and lets the new gateway take over from the old one.
//
// The process of dev is a reverse proxy before the gateway's process ([proxy]). When another gateway has started, requests
// go to it from one moment to the next; the one before ends when its requests are answered. While a change can't be
// generated, built or started, the gateway before it goes on, and the mistakes are shown in the terminal and in the console.
//
//	watch.go    which files have changed
//	session.go  what follows: generate, build, start
//	gateway.go  the process of a gateway
//	front.go    where callers reach the gateway
//	proxy.go    requests, and who answers them
//	standins.go who answers for services
//	status.go   what is shown in the console, by dev.js
package dev

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Run serves the project until ctx is done. Its error is that of what can't be corrected by an edit: an address that is in
// use, or a folder that is no project.
func Run(ctx context.Context, o Options) (err error) {
	if o.Root, err = filepath.Abs(o.Root); err != nil {
		return err
	}
	if o.Root, err = filepath.EvalSymlinks(o.Root); err != nil {
		return err
	}
	for _, path := range []*string{&o.Config, &o.Record, &o.Replay} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(o.Root, *path)
		}
	}
	if _, err := os.Stat(filepath.Join(o.Root, "schema")); err != nil {
		return fmt.Errorf("%s has no folder schema/: run this in the folder of a project, or begin one with portico init", o.Root)
	}
	dir, err := os.MkdirTemp("", "portico-dev-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	changes, err := watch(ctx, o.Root)
	if err != nil {
		return err
	}
	s := newSession(o, dir)
	defer s.close() //nolint:contextcheck // it waits for recordings, after the end of ctx
	return s.run(ctx, changes)
}
