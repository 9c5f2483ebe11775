package endpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/goccy/go-yaml"
)

// file is a file with a list of targets in YAML, or in JSON. It is used by one goroutine
// at a time.
type file struct {
	path string
	have os.FileInfo // of what was read last; nil for nothing
}

const (
	pollFile    = time.Second
	longestFile = 1 << 20
)

// changed returns the targets, and whether they were read again: the file is another
// one than the last time, or was written. After an error it is read again only when it
// changes.
func (f *file) changed() (targets []Target, changed bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		f.have = nil
		return nil, true, err
	}
	if f.have != nil && os.SameFile(f.have, info) && f.have.ModTime().Equal(info.ModTime()) && f.have.Size() == info.Size() {
		return nil, false, nil
	}
	f.have = info
	targets, err = readTargets(f.path)
	return targets, true, err
}

func readTargets(path string) ([]Target, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	text, err := io.ReadAll(io.LimitReader(from, longestFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > longestFile {
		return nil, fmt.Errorf("%s has more than %d bytes", path, longestFile)
	}
	targets, err := parseTargets(text)
	if err != nil {
		return nil, fmt.Errorf("%s must have a list of URLs, or of objects with url, weight, priority and zone: %s",
			path, yaml.FormatError(err, false, true))
	}
	return targets, nil
}

// parseTargets returns the targets of a file. The parser panics with some texts that are no
// list.
func parseTargets(text []byte) (targets []Target, err error) {
	defer func() {
		if value := recover(); value != nil {
			targets, err = nil, errors.New("it is no valid YAML")
		}
	}()
	err = yaml.UnmarshalWithOptions(text, &targets, yaml.DisallowUnknownField())
	return targets, err
}

// CheckTargets returns an error if the targets of a service are not valid, or not of one
// service: without a target, or with several schemes or paths.
func CheckTargets(targets []Target) error {
	if len(targets) == 0 {
		return errNoTarget
	}
	first, err := ParseURL(targets[0].URL)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := t.Check(); err != nil {
			return err
		}
		if u, _ := ParseURL(t.URL); u.Scheme != first.Scheme || u.Path != first.Path {
			return fmt.Errorf("all URLs of a service must have the same scheme and path: %s and %s differ", targets[0].URL, t.URL)
		}
	}
	return nil
}
