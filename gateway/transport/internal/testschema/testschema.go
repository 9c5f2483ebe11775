// Package testschema is a small executable schema that transports are tested
// with.
package testschema

//go:generate go run github.com/99designs/gqlgen generate
