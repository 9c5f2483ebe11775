package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// unixListener listens on a socket that it has made, and removes it at the end.
type unixListener struct {
	net.Listener

	path   string
	made   fs.FileInfo
	remove sync.Once
}

// listenUnix makes a socket. It replaces that of a process that has ended without
// removing it. The socket has its mode before it has its name, so that no process can
// connect that may not: it is made in a folder of its own, and then moved.
func listenUnix(ctx context.Context, path string, mode fs.FileMode) (_ net.Listener, err error) {
	if err := checkUnused(ctx, path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".listen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	private := filepath.Join(dir, "s")
	l, err := new(net.ListenConfig).Listen(ctx, "unix", private)
	if err != nil {
		return nil, err
	}
	if made, ok := l.(*net.UnixListener); ok {
		made.SetUnlinkOnClose(false)
	}
	info, err := place(private, path, mode)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &unixListener{Listener: l, path: path, made: info}, nil
}

// place sets the mode and the name of a socket.
func place(private, path string, mode fs.FileMode) (fs.FileInfo, error) {
	if err := os.Chmod(private, mode); err != nil {
		return nil, err
	}
	if err := os.Rename(private, path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

// checkUnused returns an error if there is something else than a socket that no process
// listens on.
func checkUnused(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is no socket: remove it, or set another path", path)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("another process listens on %s: stop it, or set another path", path), conn.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	}
	return fmt.Errorf("it is not known whether another process listens on %s: %w", path, err)
}

// Addr is part of [net.Listener].
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close is part of [net.Listener]. The first time, it removes the socket, unless another process has
// replaced it; later, the socket can be another one with the same inode.
func (l *unixListener) Close() error {
	l.remove.Do(func() {
		if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.made) {
			_ = os.Remove(l.path) // the next gateway replaces it
		}
	})
	return l.Listener.Close()
}
