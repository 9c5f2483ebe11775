package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// target is where requests go. The client reads as little of an answer as it can:
// it runs on the same cores.
type target struct {
	address, path string
}

// requestOf returns the bytes of a request. %d in the body is replaced, so that
// requests are distinct.
func (t target) requestOf(body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: */*\r\nContent-Length: %d\r\n\r\n%s",
		t.path, t.address, len(body), body)
}

// connection is one connection to a target.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

func (t target) dial() (*connection, error) {
	c, err := net.Dial("tcp", t.address) //nolint:noctx // to loopback
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// ask sends a request and reads the answer, whose body is written to a buffer
// unless that is nil.
func (c *connection) ask(request []byte, into *bytes.Buffer) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %q", line)
	}
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length >= 0 {
		return c.take(length, into)
	}
	return c.chunks(into)
}

// chunks reads a chunked body.
func (c *connection) chunks(into *bytes.Buffer) error {
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := c.take(int(size), into); err != nil {
			return err
		}
		if _, err := c.reader.Discard(2); err != nil || size == 0 {
			return err
		}
	}
}

func (c *connection) take(n int, into *bytes.Buffer) error {
	if into == nil {
		_, err := c.reader.Discard(n)
		return err
	}
	_, err := io.CopyN(into, c.reader, int64(n))
	return err
}

// distinct counts requests, of which none is like another.
type distinct struct{ n atomic.Int64 }

// next returns the body of a request to send. A format without %d is the same each
// time.
func (d *distinct) next(format string) string {
	if !bytes.Contains([]byte(format), []byte("%d")) {
		return format
	}
	return fmt.Sprintf(format, d.n.Add(1))
}

// rate returns how many answers a second so many connections get.
func (t target) rate(format string, length time.Duration, connections int, requests *distinct) (float64, error) {
	var group sync.WaitGroup
	var answers atomic.Int64
	failed := make(chan error, connections)
	start := time.Now()
	for range connections {
		group.Go(func() {
			c, err := t.dial()
			if err != nil {
				failed <- err
				return
			}
			defer c.Close()
			for time.Since(start) < length {
				if err := c.ask(t.requestOf(requests.next(format)), nil); err != nil {
					failed <- err
					return
				}
				answers.Add(1)
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return 0, fmt.Errorf("%s%s: %w", t.address, t.path, err)
	default:
		return float64(answers.Load()) / time.Since(start).Seconds(), nil
	}
}

// latency returns the median time of an answer over one connection.
func (t target) latency(format string, samples int, requests *distinct) (time.Duration, error) {
	c, err := t.dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	times := make([]time.Duration, samples)
	for i := range times {
		request := t.requestOf(requests.next(format))
		start := time.Now()
		if err := c.ask(request, nil); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[samples/2], nil
}

// body returns the body of one answer.
func (t target) body(request string) ([]byte, error) {
	c, err := t.dial()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var b bytes.Buffer
	if err := c.ask(t.requestOf(request), &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// await waits until the target accepts connections, or its process ends.
func (t target) await(ended <-chan error) error {
	for {
		if c, err := t.dial(); err == nil {
			return c.Close()
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New("it did not start"), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
