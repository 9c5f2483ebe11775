//go:build tools

// Package tools keeps the generators whose versions must be those of the
// libraries that the generated code uses. What is only run is in tools/go.mod.
package tools

import (
	_ "github.com/99designs/gqlgen"
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
