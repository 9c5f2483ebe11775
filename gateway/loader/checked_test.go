package loader_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/loader"
)

// Keys that do not pass fail alone; the others are fetched.
func TestChecked(t *testing.T) {
	odd, broken := errors.New("odd"), errors.New("broken")
	check := func(key int) error {
		if key%2 == 1 {
			return odd
		}
		return nil
	}
	for name, c := range map[string]struct {
		keys    []int
		err     error // of the fetch
		fetched []int
		failed  map[int]error
	}{
		"all good":             {[]int{2, 4}, nil, []int{2, 4}, map[int]error{}},
		"one bad":              {[]int{2, 3, 4}, nil, []int{2, 4}, map[int]error{3: odd}},
		"all bad":              {[]int{1, 3}, nil, nil, map[int]error{1: odd, 3: odd}},
		"the fetch fails":      {[]int{2, 3}, broken, []int{2}, map[int]error{2: broken, 3: odd}},
		"a fetched key fails":  {[]int{2, 3, 4}, loader.KeyErrors[int]{4: broken}, []int{2, 4}, map[int]error{3: odd, 4: broken}},
		"the fetch of all":     {[]int{2}, broken, []int{2}, map[int]error{2: broken}},
		"a key of all that is": {[]int{2, 4}, loader.KeyErrors[int]{2: broken}, []int{2, 4}, map[int]error{2: broken}},
	} {
		t.Run(name, func(t *testing.T) {
			var fetched []int
			values, err := loader.Checked(c.keys, check, func(keys []int) (map[int]int, error) {
				fetched = keys
				found := map[int]int{}
				for _, key := range keys {
					found[key] = key * 10
				}
				return found, c.err
			})
			if !slices.Equal(fetched, c.fetched) {
				t.Errorf("fetched %v, want %v", fetched, c.fetched)
			}
			wantFailed(t, c.keys, err, c.failed)
			for _, key := range c.keys {
				if c.failed[key] == nil && values[key] != key*10 {
					t.Errorf("the value of %d is %d", key, values[key])
				}
			}
		})
	}
}

// wantFailed checks which keys an error is of: all, if it is of no key.
func wantFailed(t *testing.T, keys []int, err error, want map[int]error) {
	t.Helper()
	got := map[int]error{}
	some, ok := errors.AsType[loader.KeyErrors[int]](err)
	for _, key := range keys {
		switch {
		case ok && some[key] != nil:
			got[key] = some[key]
		case !ok && err != nil:
			got[key] = err
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("failed %v, want %v", got, want)
	}
}

// A key without a value fails where each must have one.
func TestEvery(t *testing.T) {
	missing := errors.New("missing")
	for name, c := range map[string]struct {
		values map[int]int
		failed map[int]error
	}{
		"all there":   {map[int]int{1: 10, 2: 20}, map[int]error{}},
		"one missing": {map[int]int{1: 10}, map[int]error{2: missing}},
		"none":        {nil, map[int]error{1: missing, 2: missing}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loader.Every([]int{1, 2}, c.values, missing)
			wantFailed(t, []int{1, 2}, err, c.failed)
		})
	}
}
