package redis_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/redis"
)

func TestMain(m *testing.M) {
	// The client sleeps for up to a second after it has read the slots of a cluster.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"))
}

// watcher counts what it observes.
type watcher struct {
	lost, checked, refused atomic.Int64
	fail                   atomic.Bool

	mu      sync.Mutex
	changed []string
}

func (w *watcher) Tracked() []string { return []string{"test:tracked"} }
func (w *watcher) Lost()             { w.lost.Add(1) }

func (w *watcher) Changed(keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed = append(w.changed, keys...)
}

func (w *watcher) Checked(context.Context, *redis.Session) error {
	w.checked.Add(1)
	if w.fail.Load() {
		return errors.New("not now")
	}
	return nil
}

func (w *watcher) Refused(context.Context, *redis.Session) { w.refused.Add(1) }

func (w *watcher) has(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.changed, key)
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// open returns a link that runs, with its watcher and its log.
func open(t *testing.T, server *redistest.Server, config redis.Config) (*redis.Link, *watcher, *lines) {
	t.Helper()
	log, w := &lines{}, &watcher{}
	config.Prefix = "test"
	link := server.Link(t, config, slog.New(slog.NewTextHandler(log, nil)))
	link.Watch(w)
	redistest.Run(t, link.Run)
	<-link.Tried()
	return link, w, log
}

func command(t *testing.T, server *redistest.Server, words ...string) {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(t.Context(), client.B().Arbitrary(words...).Build()).Error(); err != nil {
		t.Fatalf("%q: %v", words, err)
	}
}

func echo() (*redis.Script, redis.Call) {
	return redis.NewScript("return ARGV[1]"), redis.Call{Keys: []string{"test:{a}"}, Args: []string{"x"}}
}

func TestLink(t *testing.T) {
	server := redistest.Start(t)
	link, w, log := open(t, server, redis.Config{})
	if !link.Up() || w.checked.Load() == 0 {
		t.Fatalf("it is down after the first check: %s", log)
	}
	port := link.Port(time.Minute)
	script, call := echo()
	results, err := port.Do(t.Context(), port.Session(), script, call, call)
	if err != nil || len(results) != 2 {
		t.Fatalf("%v %v", results, err)
	}
	if text, err := results[1].ToString(); text != "x" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	command(t, server, "SET", "test:tracked:1", "x")
	command(t, server, "SET", "test:other", "x")
	await(t, "a change is observed", func() bool { return w.has("test:tracked:1") })
	if w.has("test:other") {
		t.Error("a key is observed that is not tracked")
	}
	failing := redis.NewScript("return redis.error_reply('no')")
	if _, err := port.Do(t.Context(), port.Session(), failing, call); err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("the error of a script is %v", err)
	}
	if _, err := port.Do(t.Context(), nil, script, call); !errors.Is(err, redis.ErrDown) {
		t.Errorf("without a session: %v", err)
	}
	if s := link.Stats(); s.Answered != 1 || s.Failed != 1 || s.Took <= 0 {
		t.Errorf("%+v", s)
	}
}

// A session ends with its connection and with the server's life; what is received
// after that is not of it.
func TestSessions(t *testing.T) {
	server := redistest.Start(t)
	link, w, _ := open(t, server, redis.Config{})
	port := link.Port(time.Minute)
	script, call := echo()
	for name, end := range map[string]struct {
		do   func()
		same bool // the life of the server
	}{
		"disconnected": {func() { command(t, server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }, true},
		"flushed":      {func() { command(t, server, "FLUSHALL") }, true},
		"restarted":    {func() { server.Restart(t) }, false},
		"promoted": {func() {
			command(t, server, "REPLICAOF", "127.0.0.1", "1")
			command(t, server, "REPLICAOF", "NO", "ONE")
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			await(t, "it is up", link.Up)
			session, lost := port.Session(), w.lost.Load()
			end.do()
			await(t, "there is another session", func() bool {
				now := port.Session()
				return now != nil && now != session
			})
			if w.lost.Load() == lost {
				t.Error("the watcher does not know")
			}
			if now := port.Session(); now != nil && (now.Life == session.Life) != end.same {
				t.Errorf("the life was %s and is %s", session.Life, now.Life)
			}
			if name == "promoted" {
				return // the connection goes on
			}
			if _, err := session.Do(t.Context(), script, call); !errors.Is(err, redis.ErrEnded) {
				t.Errorf("the old session answers with %v", err)
			}
		})
	}
}

// A server that is too slow is waited for once, until it passes a check.
func TestSlowServer(t *testing.T) {
	server := redistest.Start(t)
	link, _, log := open(t, server, redis.Config{Timeout: time.Minute}) // so that no check fails
	port, patient := link.Port(20*time.Millisecond), link.Port(time.Minute)
	script, call := echo()
	server.Pause()
	_, err := port.Do(t.Context(), port.Session(), script, call)
	if !errors.Is(err, context.DeadlineExceeded) || port.Session() != nil || patient.Session() == nil || !link.Up() {
		t.Errorf("%v; the link is up: %v", err, link.Up())
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := patient.Do(left, patient.Session(), script, call); !errors.Is(err, context.Canceled) || patient.Session() == nil {
		t.Errorf("a caller that leaves makes it slow: %v", err)
	}
	server.Resume()
	await(t, "it is used again", func() bool { return port.Session() != nil })
	if strings.Contains(log.String(), "not available") {
		t.Error(log)
	}
}

// A server that cannot be used says why, once, and nothing secret.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		user    string
		message string
		refused bool
	}{
		"full":            {[]string{"--maxmemory", "1"}, "", "OOM", true},
		"few replicas":    {[]string{"--min-replicas-to-write", "1"}, "", "NOREPLICAS", true},
		"wrong password":  {[]string{"--requirepass", "right"}, ":hunter2@", "WRONGPASS", false},
		"INFO is denied":  {strings.Fields("--user u on >hunter2 ~* &* +@all -info"), "u:hunter2@", "this user needs the command INFO", true},
		"keys are denied": {strings.Fields("--user u on >hunter2 ~none &* +@all"), "u:hunter2@", "NOPERM", true},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, c.args...)
			link, w, log := open(t, server, redis.Config{URL: "redis://" + c.user + server.Addr})
			await(t, "some checks were made", func() bool { return !c.refused || w.refused.Load() > 2 })
			text := log.String()
			if link.Up() || strings.Count(text, "Redis is not available") != 1 || !strings.Contains(text, c.message) || strings.Contains(text, "hunter2") {
				t.Errorf("up %v: %s", link.Up(), text)
			}
		})
	}
}

// The watcher keeps the link down until it is ready.
func TestWatcherFails(t *testing.T) {
	server := redistest.Start(t)
	link, w, _ := open(t, server, redis.Config{})
	w.fail.Store(true)
	await(t, "it is down", func() bool { return !link.Up() })
	w.fail.Store(false)
	await(t, "it is up", link.Up)
}

func TestURLs(t *testing.T) {
	for _, url := range []string{"", "http://x", "redis://a:hunter2:c", "redis://a, x"} {
		if _, err := redis.Open(redis.Config{URL: url}, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// A gateway that is stopped before the first check leaves nothing.
func TestStoppedAtOnce(t *testing.T) {
	server := redistest.Start(t)
	link := server.Link(t, redis.Config{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	link.Run(ctx)
	if link.Up() {
		t.Error("it is up")
	}
}
