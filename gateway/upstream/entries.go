package upstream

import (
	"encoding/json"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Entries is a list of entries that is sent as an object in JSON. The zero value is
// null.
type Entries[V any] struct {
	members map[string]V // nil for null
	err     error        // of a key that is there twice
}

// Object returns the entries of a list as an object; null for nil. Items that are nil
// are left out. If two entries have the same key, the object can't be marshaled: the
// error is a problem BAD_USER_INPUT.
func Object[T, V any](list []*T, entry func(*T) (key string, value V)) Entries[V] {
	if list == nil {
		return Entries[V]{}
	}
	e := Entries[V]{members: make(map[string]V, len(list))}
	for _, item := range list {
		if item == nil {
			continue
		}
		key, value := entry(item)
		if e.err = AddEntry(e.members, key, value); e.err != nil {
			break
		}
	}
	return e
}

// IsZero reports whether the object is null.
func (e Entries[V]) IsZero() bool { return e.members == nil }

// MarshalJSON is part of json.Marshaler.
func (e Entries[V]) MarshalJSON() ([]byte, error) {
	if e.err != nil {
		return nil, e.err
	}
	return json.Marshal(e.members)
}

// AddEntry adds an entry to a map that is sent; BAD_USER_INPUT if the map has the key.
func AddEntry[K comparable, V any](m map[K]V, key K, value V) error {
	if _, ok := m[key]; ok {
		return problem.New(problem.BadUserInput, "Two entries have the same key.")
	}
	m[key] = value
	return nil
}
