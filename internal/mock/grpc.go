package mock

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// newGRPC returns what answers for the services of the protos in a folder. The error is [ErrNoDocument] if there are none.
func newGRPC(ctx context.Context, folder string, seed uint64) (http.Handler, error) {
	var names []string
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".proto" {
			return err
		}
		name, err := filepath.Rel(folder, file)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && names == nil {
		return nil, ErrNoDocument
	}
	if err != nil {
		return nil, err
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{folder}})}
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, err
	}
	of := protos{seed: seed, methods: map[string]protoreflect.MethodDescriptor{}}
	for _, file := range files {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				of.methods[fmt.Sprintf("/%s/%s", service.FullName(), method.Name())] = method
			}
		}
	}
	return grpc.NewServer(grpc.UnknownServiceHandler(of.handle)), nil
}

// protos answers for services over gRPC.
type protos struct {
	seed    uint64
	methods map[string]protoreflect.MethodDescriptor
}

// handle answers a call: a stream has a few messages.
func (p protos) handle(_ any, stream grpc.ServerStream) error {
	name, _ := grpc.MethodFromServerStream(stream)
	method := p.methods[name]
	if method == nil {
		return status.Errorf(codes.Unimplemented, "the protos have no %s", name)
	}
	request := dynamicpb.NewMessage(method.Input())
	for {
		err := stream.RecvMsg(request)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if !method.IsStreamingClient() {
			break
		}
	}
	count := 1
	if method.IsStreamingServer() {
		count = fewRows
	}
	for i := range count {
		m := &messages{seed: p.seed, asked: request}
		response := dynamicpb.NewMessage(method.Output())
		m.fill(response, place{at: name + "#" + strconv.Itoa(i), row: i})
		if err := stream.SendMsg(response); err != nil {
			return err
		}
	}
	return nil
}

// messages makes the response of one call.
type messages struct {
	seed   uint64
	asked  protoreflect.Message
	inRows bool // the request's keys were applied
	values int  // that were made
}

func (m *messages) hash(at string) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", m.seed, at)
	return h.Sum64()
}

// fill sets the fields of a message: of a oneof one, and messages only where they are not deep.
func (m *messages) fill(to protoreflect.Message, p place) {
	if at := to.Descriptor(); wellKnown(to, m.hash(p.at)) {
		return
	} else if !m.inRows && !m.hasRows(at) {
		m.inRows = true
		m.echo(to)
	}
	fields := to.Descriptor().Fields()
	if id := fields.ByName("id"); id != nil && id.Message() == nil && !id.IsList() {
		if !to.Has(id) {
			to.Set(id, scalarOf(id, strconv.Itoa(p.row+1)))
		}
		p.at = string(to.Descriptor().FullName()) + "/" + to.Get(id).String()
	}
	for i := range fields.Len() {
		field := fields.Get(i)
		one := field.ContainingOneof()
		switch {
		case to.Has(field):
		case one != nil && !one.IsSynthetic() && (to.WhichOneof(one) != nil || m.chosen(one, p) != field):
		case field.Message() != nil && (p.depth >= maxDepth || m.values > maxValues):
		case isCursor(string(field.Name())) || strings.HasSuffix(plain(string(field.Name())), "pagetoken"):
		default:
			m.set(to, field, place{at: p.at + "." + string(field.Name()), name: string(field.Name()), depth: p.depth + 1})
		}
	}
}

// chosen returns the field of a oneof that is set.
func (m *messages) chosen(one protoreflect.OneofDescriptor, p place) protoreflect.FieldDescriptor {
	return one.Fields().Get(int(m.hash(p.at) % uint64(one.Fields().Len()))) //nolint:gosec // in range
}

func (m *messages) set(to protoreflect.Message, field protoreflect.FieldDescriptor, p place) {
	m.values++
	switch {
	case field.IsMap():
		entries := to.Mutable(field).Map()
		for i, key := range m.keys(field.MapKey()) {
			value := entries.NewValue()
			at := place{at: p.at + "[" + key + "]", name: p.name, depth: p.depth, row: i}
			if field.MapValue().Message() != nil {
				m.fill(value.Message(), at)
			} else {
				value = m.scalar(field.MapValue(), at)
			}
			entries.Set(scalarOf(field.MapKey(), key).MapKey(), value)
		}
	case field.IsList():
		list := to.Mutable(field).List()
		key, values := m.rows(field)
		for i := range values {
			at := place{at: p.at + "[" + strconv.Itoa(i) + "]", name: p.name, depth: p.depth, row: i}
			if field.Message() == nil {
				list.Append(m.scalar(field, at))
				continue
			}
			item := list.AppendMutable().Message()
			if key != nil {
				item.Set(key, scalarOf(key, values[i]))
				at.at = string(item.Descriptor().FullName()) + "/" + values[i]
			}
			m.fill(item, at)
		}
	case field.Message() != nil:
		m.fill(to.Mutable(field).Message(), p)
	default:
		to.Set(field, m.scalar(field, p))
	}
}

// rows returns the rows of a list: one for each key of the request, with the field that has it, or a few without.
func (m *messages) rows(field protoreflect.FieldDescriptor) (key protoreflect.FieldDescriptor, values []string) {
	few := make([]string, fewRows)
	if field.Message() == nil || m.inRows {
		return nil, few
	}
	m.inRows = true
	asked := m.asked.Descriptor().Fields()
	for i := range asked.Len() {
		of := asked.Get(i)
		if !of.IsList() || of.Message() != nil || m.asked.Get(of).List().Len() == 0 {
			continue
		}
		name := strings.TrimSuffix(string(of.Name()), "s")
		for _, candidate := range []string{string(of.Name()), name, "id"} {
			if to := field.Message().Fields().ByName(protoreflect.Name(candidate)); to != nil && to.Message() == nil && !to.IsList() {
				return to, texts(m.asked.Get(of).List())
			}
		}
	}
	return nil, few
}

// keys returns the keys of a map: those of the request's first list of such values, or a few.
func (m *messages) keys(key protoreflect.FieldDescriptor) []string {
	asked := m.asked.Descriptor().Fields()
	for i := range asked.Len() {
		if of := asked.Get(i); of.IsList() && of.Kind() == key.Kind() && !m.inRows {
			m.inRows = true
			return texts(m.asked.Get(of).List())
		}
	}
	return []string{"1", "2", "3"}
}

func texts(list protoreflect.List) []string {
	var out []string
	for i := range min(list.Len(), maxRows) {
		out = append(out, list.Get(i).String())
	}
	return out
}

// hasRows reports whether a message is around a list or a map of messages.
func (m *messages) hasRows(of protoreflect.MessageDescriptor) bool {
	for i := range of.Fields().Len() {
		if field := of.Fields().Get(i); field.IsMap() || field.IsList() && field.Message() != nil {
			return of.Fields().ByName("id") == nil
		}
	}
	return false
}

// echo sets the fields that the request has, too: what is created has the values that it is created with.
func (m *messages) echo(to protoreflect.Message) {
	m.asked.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		own := to.Descriptor().Fields().ByName(field.Name())
		if own == nil && strings.EqualFold(strings.ReplaceAll(string(field.Name()), "_", ""), string(to.Descriptor().Name())+"id") {
			own = to.Descriptor().Fields().ByName("id")
		}
		if own != nil && own.Kind() == field.Kind() && own.Message() == nil && own.Enum() == field.Enum() && own.IsList() == field.IsList() && !own.IsList() {
			to.Set(own, value)
		}
		return true
	})
}

// wellKnown sets a message whose values have a meaning, and reports whether it is one.
func wellKnown(to protoreflect.Message, n uint64) bool {
	fields := to.Descriptor().Fields()
	switch to.Descriptor().FullName() {
	case "google.protobuf.Timestamp":
		to.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(instant(n).Unix()))
	case "google.protobuf.Duration":
		to.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(int64(n%3600))) //nolint:gosec // small
	case "google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.FieldMask":
	default:
		return false
	}
	return true
}
