package importer

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/jhump/protoreflect/v2/grpcreflect"
	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// isServer reports whether protos come from a server instead of a file.
func isServer(location string) bool {
	return strings.HasPrefix(location, "grpc://") || strings.HasPrefix(location, "grpcs://")
}

// maxReflected bounds the protos of a server together, in bytes.
const maxReflected = 64 << 20

// reflect adds the protos that a server has by gRPC Server Reflection (v1 or v1alpha). It returns the names of those with services.
func (s *protoSources) reflect(ctx context.Context, location string) ([]string, error) {
	scheme, address, _ := strings.Cut(location, "://")
	secure := insecure.NewCredentials()
	if scheme == "grpcs" {
		secure = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(secure))
	if err != nil {
		return nil, &MistakeError{File: location, Message: err.Error()}
	}
	defer func() { _ = conn.Close() }()
	client := grpcreflect.NewClientAuto(ctx, conn)
	defer client.Reset()
	services, err := client.ListServices()
	if err != nil {
		return nil, &MistakeError{File: location, Message: "it does not tell its protos: " + err.Error(),
			Fix: "turn on gRPC Server Reflection in the service, or give its protos as files"}
	}
	slices.Sort(services)
	var names []string
	size := 0
	for _, service := range services {
		if strings.HasPrefix(string(service), "grpc.reflection.") {
			continue
		}
		file, err := client.FileContainingSymbol(service)
		if err != nil {
			return nil, &MistakeError{File: location, Message: fmt.Sprintf("it does not tell the proto of %s: %s", service, err)}
		}
		if err := s.print(file, &size); err != nil {
			return nil, &MistakeError{File: location, Message: err.Error()}
		}
		if !slices.Contains(names, file.Path()) {
			names = append(names, file.Path())
		}
	}
	if len(names) == 0 {
		return nil, &MistakeError{File: location, Message: "the server has no service"}
	}
	return names, nil
}

// print adds the text of a file and of those that it imports.
func (s *protoSources) print(file protoreflect.FileDescriptor, size *int) error {
	name := file.Path()
	if _, done := s.files[name]; done || strings.HasPrefix(name, "google/protobuf/") {
		return nil
	}
	text, err := new(protoprint.Printer).PrintProtoToString(file)
	if err != nil {
		return err
	}
	if *size += len(text); *size > maxReflected {
		return fmt.Errorf("its protos have more than %d MiB", maxReflected>>20)
	}
	s.files[name] = protoFile{name, []byte(text)}
	for i := range file.Imports().Len() {
		if err := s.print(file.Imports().Get(i).FileDescriptor, size); err != nil {
			return err
		}
	}
	return nil
}
