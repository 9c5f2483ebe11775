// Package load makes HTTP requests for benchmarks. It reads as little of an answer
// as it can, and allocates nothing for a request: it runs on the cores of what it
// measures.
package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Connection is a connection to a server. It is used by one goroutine at a time.
type Connection struct {
	net.Conn

	// OnField gets each line of the header of an answer, unless it is nil. It must not
	// keep the line.
	OnField func(line []byte)

	reader *bufio.Reader
}

// Dial connects to an address, host:port.
func Dial(address string) (*Connection, error) {
	c, err := net.Dial("tcp", address) //nolint:noctx // on loopback
	if err != nil {
		return nil, err
	}
	return &Connection{Conn: c, reader: bufio.NewReaderSize(c, 64<<10)}, nil
}

// Ask sends a request and reads the answer, whose body is written to into unless
// that is nil. An answer with another status than 200 is an error.
func (c *Connection) Ask(request []byte, into *bytes.Buffer) error {
	status, err := c.Do(request, into)
	if err == nil && status != 200 {
		err = fmt.Errorf("the answer has the status %d", status)
	}
	return err
}

// Do is like Ask for any status.
func (c *Connection) Do(request []byte, into *bytes.Buffer) (status int, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	text, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(text) < len("200 ") {
		return 0, fmt.Errorf("the answer is %q", line)
	}
	if status, err = strconv.Atoi(string(text[:3])); err != nil {
		return 0, err
	}
	return status, c.rest(line, into)
}

// rest reads the header after its first line, and the body.
func (c *Connection) rest(line []byte, into *bytes.Buffer) (err error) {
	length := -1
	for len(line) > 2 {
		if line, err = c.reader.ReadSlice('\n'); err != nil {
			return err
		}
		if c.OnField != nil {
			c.OnField(line)
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
func (c *Connection) chunks(into *bytes.Buffer) error {
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

func (c *Connection) take(n int, into *bytes.Buffer) error {
	if into == nil {
		_, err := c.reader.Discard(n)
		return err
	}
	_, err := io.CopyN(into, c.reader, int64(n))
	return err
}

// Body sends one request and returns the body of its answer.
func Body(address string, request []byte) ([]byte, error) {
	c, err := Dial(address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var b bytes.Buffer
	err = c.Ask(request, &b)
	return b.Bytes(), err
}

// Rate returns the number of answers per second that so many connections get in a
// time. next returns the next request; it is called concurrently.
func Rate(address string, next func() []byte, length time.Duration, connections int) (float64, error) {
	var group sync.WaitGroup
	var answers atomic.Int64
	failed := make(chan error, connections)
	start := time.Now()
	for range connections {
		group.Go(func() {
			c, err := Dial(address)
			if err != nil {
				failed <- err
				return
			}
			defer c.Close()
			n := int64(0)
			for ; time.Since(start) < length; n++ {
				if err := c.Ask(next(), nil); err != nil {
					failed <- err
					return
				}
			}
			answers.Add(n)
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(answers.Load()) / time.Since(start).Seconds(), nil
	}
}

// Await waits until something listens at an address, or until ended has something.
func Await(address string, ended <-chan error) error {
	for {
		if c, err := Dial(address); err == nil {
			return c.Close()
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New("it did not start"), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Free returns an address on loopback that is not in use.
func Free() string {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		panic(err) // a machine without loopback
	}
	defer l.Close()
	return l.Addr().String()
}
