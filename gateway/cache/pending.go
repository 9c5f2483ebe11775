package cache

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Refused is part of redis.Watcher.
func (s *shared) Refused(ctx context.Context, session *redis.Session) {
	if !s.behind.Load() {
		return
	}
	tags := s.take()
	if _, err := session.Do(ctx, s.scripts.forget, redis.Call{Keys: []string{s.generationKey()}}); err != nil {
		s.remember(tags)
		return
	}
	s.caughtUp()
}

func (s *shared) tellPending(ctx context.Context, session *redis.Session) error {
	if !s.behind.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	tags := s.take()
	if _, err := session.Do(ctx, s.scripts.purge, s.purge(tags)); err != nil {
		s.remember(tags)
		return err
	}
	s.caughtUp()
	return nil
}

// purge returns the call of purgeScript for tags.
func (s *shared) purge(tags []string) redis.Call {
	const seconds = int64((longestShared + time.Hour) / time.Second)
	return redis.Call{Keys: []string{s.epochKey()}, Args: append([]string{s.tagPrefix(), strconv.FormatInt(seconds, 10)}, tags...)}
}

// invalidate tells other gateways of tags. What Redis cannot be told in time it is
// told later: then it returns false.
func (s *shared) invalidate(ctx context.Context, tags []string) (told bool) {
	if !s.behind.Load() {
		ctx, session := context.WithoutCancel(ctx), s.port.Session()
		_, err := s.port.Do(ctx, session, s.scripts.purge, s.purge(tags))
		if _, refused := rueidis.IsRedisErr(err); refused {
			_, err = s.port.Do(ctx, session, s.scripts.forget, redis.Call{Keys: []string{s.generationKey()}})
		}
		if err == nil {
			// What was read from Redis meanwhile is older. Redis pushes the tags here, too,
			// but after its reply.
			s.Changed(s.keysOf(tags))
			return true
		}
	}
	s.remember(tags)
	// What was read from Redis meanwhile may be older.
	s.Changed(s.keysOf(tags))
	s.link.Check()
	return false
}

func (s *shared) keysOf(tags []string) []string {
	keys := make([]string, len(tags))
	for i, tag := range tags {
		keys[i] = s.tagPrefix() + tag
	}
	return keys
}

// remember keeps tags for when Redis can be told; the empty one is all.
func (s *shared) remember(tags []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tag := range tags {
		if tag == "" || len(s.pending) >= mostPending {
			s.clear = true
			continue
		}
		s.pending[tag] = struct{}{}
	}
	s.behind.Store(true)
}

// take takes the tags that are pending; the store is behind until caughtUp.
func (s *shared) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tags []string
	if s.clear {
		tags = append(tags, "")
	}
	for tag := range s.pending {
		tags = append(tags, tag)
	}
	s.clear = false
	clear(s.pending)
	return tags
}

// caughtUp notes that Redis was told of what was taken.
func (s *shared) caughtUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clear || len(s.pending) > 0 {
		s.link.Check()
		return
	}
	s.behind.Store(false)
	select {
	case s.even <- struct{}{}:
	default:
	}
}

// flush waits until nothing is pending, or ctx is done, and returns how many tags
// are; -1 for all.
func (s *shared) flush(ctx context.Context) int {
	for s.behind.Load() {
		s.link.Check()
		select {
		case <-s.even:
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.clear {
				return -1
			}
			return max(len(s.pending), 1) // a check can have taken them
		}
	}
	return 0
}
