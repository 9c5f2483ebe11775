package cache

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Refused is part of redis.Watcher. A server that refuses to write may still delete:
// without the generation, all entries are invalid at all gateways.
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

// writePending writes the pending invalidations.
func (s *shared) writePending(ctx context.Context, session *redis.Session) error {
	if !s.behind.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
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

// invalidate invalidates tags at other gateways. It returns false if that is pending,
// since Redis did not write it in time.
func (s *shared) invalidate(ctx context.Context, tags []string) (written bool) {
	written = !s.behind.Load() && s.write(context.WithoutCancel(ctx), tags)
	if !written {
		s.remember(tags)
		s.link.Check()
	}
	// What was read from Redis meanwhile is older. Redis pushes the tags to this gateway,
	// too, but after its reply.
	s.drop(tags)
	return written
}

// write writes tags to Redis, or ends the generation if it refuses.
func (s *shared) write(ctx context.Context, tags []string) bool {
	session := s.port.Session()
	_, err := s.port.Do(ctx, session, s.scripts.purge, s.purge(tags))
	if _, refused := rueidis.IsRedisErr(err); refused {
		_, err = s.port.Do(ctx, session, s.scripts.forget, redis.Call{Keys: []string{s.generationKey()}})
	}
	return err == nil
}

// drop invalidates tags in this gateway; the empty one is all.
func (s *shared) drop(tags []string) {
	if slices.Contains(tags, "") {
		s.store.tags.addAll()
		return
	}
	s.store.tags.add(tags)
}

// remember makes tags pending; the empty one is all.
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

// caughtUp notes that what was taken has been written.
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
