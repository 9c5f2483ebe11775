package redis_test

import (
	"testing"
	"time"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/redis"
)

// However often callers ask for checks, the server is not checked all the time.
func TestChecksAreBounded(t *testing.T) {
	link, w, _ := open(t, redistest.Start(t), redis.Config{})
	start, before := time.Now(), w.checked.Load()
	for w.checked.Load() < before+20 {
		link.Check()
		time.Sleep(100 * time.Microsecond)
	}
	if took := time.Since(start); took < 150*time.Millisecond {
		t.Errorf("20 checks in %v", took)
	}
}
