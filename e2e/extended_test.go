package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/e2e/fleettest"
)

// guardedSchema has a field that is denied, in lists and behind an interface.
const guardedSchema = `
interface Kept { id: ID! guarded: Stock }
extend type Product implements Kept {
  guarded: Stock
    @authenticated
    @grpc(service: "inventory", method: "inventory.v1.InventoryService/GetStock", request: { product_ids: "{$batch.id}" }, select: "stocks", key: "product_id")
}
extend type Query {
  products(first: Int = 20 @constraint(min: 1, max: 100), after: String): ProductConnection!
    @rest(service: "catalog", get: "/products", query: ["limit={$args.first}", "cursor={$args.after}"], select: "products", page: { next: "next_cursor" })
}
`

const greeterProto = `syntax = "proto3";

package greeter.v1;

import "google/protobuf/wrappers.proto";

service Greeter {
  rpc Greet(google.protobuf.StringValue) returns (google.protobuf.StringValue);
}
`

const greetingSchema = `extend type Query {
  greeting(name: String!): String @grpc(service: "greeter", method: "greeter.v1.Greeter/Greet", request: { value: "{$args.name}" }, select: "value")
}
`

// inputsSchema has inputs of all kinds, which a service is sent.
const inputsSchema = `
extend type Query {
  goods(first: Int = 20): [Product!]! @rest(service: "catalog", get: "/products", query: "limit={$args.first}", select: "products")
  sent(n: Int! = 20, id: ID! = "x", tags: [String!], matrix: [[Int!]!], color: Color, filter: Filter): String
    @rest(service: "echo", post: "/sent", body: { n: "{$args.n}", id: "{$args.id}", tags: "{$args.tags}", matrix: "{$args.matrix}", color: "{$args.color}", filter: "{$args.filter}" }, select: "ok")
  listed(first: Int = 10): [String!]! @listSize(slicingArguments: ["first"]) @rest(service: "echo", get: "/listed", query: "first={$args.first}", select: "list")
}
type Mutation {
  patch(input: Patch!): String @rest(service: "echo", post: "/patch", body: "{$args.input}", select: "ok")
  store(value: JSON, amount: Decimal, at: DateTime, big: Int64): String
    @rest(service: "echo", post: "/store", body: { value: "{$args.value}", amount: "{$args.amount}", at: "{$args.at}", big: "{$args.big}" }, select: "ok")
  sized(size: Int @constraint(min: 1, max: 100)): String @rest(service: "echo", post: "/sized", body: { size: "{$args.size}" }, select: "ok")
  choose(one: One!): String @rest(service: "echo", post: "/choose", body: "{$args.one}", select: "ok")
}
input Filter { sizes: [Int!]! = [1] color: Color = RED limit: Int! = 5 after: DateTime }
input Patch { nick: String name: String = "none" tags: [String!] owner: Owner amount: Decimal }
input Owner { id: ID nick: String }
input One @oneOf { id: ID filter: Filter }
enum Color { RED GREEN }
scalar JSON
scalar Int64
`

const feedProto = `syntax = "proto3";

package feed.v1;

service Feed {
  rpc Watch(Request) returns (stream Event);
  rpc Get(Request) returns (Item);
  rpc Related(Request) returns (Items);
}

message Request { string name = 1; }
message Event { Item item = 1; }
message Items { repeated Item items = 1; }
message Item {
  string id = 1;
  Kind kind = 2;
  string label = 3;
}
enum Kind {
  KIND_UNSPECIFIED = 0;
  KIND_NEWS = 1;
}
`

// feedSchema has subscriptions of a service, whose answers can be wrong in all ways.
const feedSchema = `
extend type Query { feedItem(name: String!): FeedItem @grpc(service: "feed", method: "feed.v1.Feed/Get", request: { name: "{$args.name}" }) }
type Subscription {
  item(name: String!): FeedItem @grpc(service: "feed", method: "feed.v1.Feed/Watch", request: { name: "{$args.name}" }, select: "item")
  sure(name: String!): FeedItem! @grpc(service: "feed", method: "feed.v1.Feed/Watch", request: { name: "{$args.name}" }, select: "item")
}
type FeedItem {
  id: ID!
  kind: FeedKind!
  label: String! @source(name: "label", convert: "labels.Loud")
  related: [FeedItem!]! @grpc(service: "feed", method: "feed.v1.Feed/Related", request: { name: "{$this.id}" }, select: "items")
  detail: FeedItem @grpc(service: "feed", method: "feed.v1.Feed/Get", request: { name: "{$this.id}" })
  must: FeedItem! @grpc(service: "feed", method: "feed.v1.Feed/Get", request: { name: "{$this.id}" })
}
enum FeedKind { NEWS }
`

const feedLabels = `// Package labels writes labels.
package labels

import (
	"errors"
	"strings"
)

// Loud is a label in capitals.
func Loud(label string) (string, error) {
	if label == "?" {
		return "", errors.New("no label")
	}
	return strings.ToUpper(label), nil
}
`

// rowsSchema reads rows of a service, some of which are none. thumbsSchema reads
// other fields of the same rows.
const (
	rowsSchema = `
extend type Query {
  rows: [Row!]! @rest(service: "echo", get: "/rows")
  maybe: [Row] @rest(service: "echo", get: "/rows")
  row: Row @rest(service: "echo", get: "/row")
  rowPage(first: Int = 3 @constraint(min: 1, max: 100), after: String): RowConnection!
    @rest(service: "echo", get: "/page", query: ["limit={$args.first}", "cursor={$args.after}"], select: "rows", page: { next: "next", total: "total" })
  elements: [Element!]! @rest(service: "echo", get: "/elements", format: XML, select: "row")
}
type Subscription {
  changed(ids: [ID!]!): Row! @rest(service: "echo", post: "/changes", body: { ids: "{$args.ids}" }, select: "row", event: "change")
}
type RowConnection { nodes: [Row!]! totalCount: Int pageInfo: RowPage! }
type RowPage { hasNextPage: Boolean! endCursor: String }
type Row {
  id: ID!
  st: RowState
  must: RowState!
  n: Int
  tags: [String!]
  labels: [String]
  price: Money @source(name: ["price_cents", "currency"], convert: "money.OfCents")
  owner: RowOwner
  sub: RowSub @rest(service: "echo", get: "/subs", query: "id={$batch.id}", key: "id")
  all: [RowSub!]! @rest(service: "echo", get: "/subs", query: "id={$batch.id}", key: "row.id")
  of: RowSub @rest(service: "echo", get: "/of/{$this.n}")
}
type RowOwner { id: ID! name: String! }
type RowSub { id: ID n: Int! }
type Element { id: ID n: Int ok: Boolean name: String many: [Int!]! }
enum RowState { OPEN }
`
	thumbsSchema = `
extend type Query { rows: [Row!]! @rest(service: "echo", get: "/rows") }
type Row { id: ID! thumb: String @source(name: "thumbnail_url") }
`
)

// extension is a copy of this repository with frontends and services that it
// does not have: those of the guides, and some that tests need. One copy is
// generated and built for all tests.
type extension struct {
	dir    string
	binary string // the gateway, with the race detector
	left   string // what git status prints after the extensions were removed and the rest generated again
}

// extended makes the extension when it is first needed.
var extended = sync.OnceValues(newExtension)

// extensionDir is the folder of the extension, if there is one.
var extensionDir string

func closeExtended() {
	if extensionDir != "" {
		_ = os.RemoveAll(extensionDir)
	}
}

// newExtension goes the guides' way: files are added, `make generate`, the
// gateway is built. Then the files are removed, and `make generate` again.
func newExtension() (*extension, error) {
	files, err := extensionFiles()
	if err != nil {
		return nil, err
	}
	if extensionDir, err = os.MkdirTemp("", "portico-extended-"); err != nil {
		return nil, err
	}
	e := &extension{dir: filepath.Join(extensionDir, "portico"), binary: filepath.Join(extensionDir, "gateway")}
	if err := copyTo(e.dir); err != nil {
		return nil, err
	}
	before, err := os.ReadFile(filepath.Join(e.dir, "portico.yaml"))
	if err != nil {
		return nil, err
	}
	var settings strings.Builder
	settings.Write(before)
	for name, url := range noServices {
		fmt.Fprintf(&settings, "\n  %s:\n    url: %s\n", name, url)
	}
	files["portico.yaml"] = settings.String()
	for name, text := range files {
		if err := put(filepath.Join(e.dir, name), text); err != nil {
			return nil, err
		}
	}
	for _, command := range [][]string{
		{"make", "generate"}, {"go", "build", "-race", "-ldflags=-w", "-o", e.binary, "./cmd/gateway"},
		{"git", "checkout", "-q", "portico.yaml"}, {"rm", "-r", "schema/blog", "schema/guarded", "schema/inputs", "schema/listed", "schema/tv", "clients/proto/greeter",
			"schema/feed", "clients/proto/feed", "clients/labels", "schema/rows", "schema/thumbs", "schema/nodes", "schema/fleet", "clients/proto/parts"},
		{"make", "generate"},
	} {
		if _, err := execute(e.dir, command[0], command[1:]...); err != nil {
			return nil, err
		}
	}
	e.left, err = execute(e.dir, "git", "status", "--porcelain")
	return e, err
}

// extensionFiles are what is added to the copy, by their names.
func extensionFiles() (map[string]string, error) {
	files := map[string]string{
		"schema/guarded/guarded.graphqls":        guardedSchema,
		"schema/inputs/inputs.graphqls":          inputsSchema,
		"schema/nodes/nodes.graphqls":            nodesSchema,
		"schema/listed/listed.graphqls":          "enum Unused { NOTHING }\n",
		"schema/feed/feed.graphqls":              feedSchema,
		"schema/rows/rows.graphqls":              rowsSchema,
		"schema/thumbs/rows.graphqls":            thumbsSchema,
		"clients/proto/feed/v1/feed.proto":       feedProto,
		"clients/labels/labels.go":               feedLabels,
		"schema/blog/greeting.graphqls":          greetingSchema,
		"clients/proto/greeter/v1/greeter.proto": greeterProto,
		"schema/fleet/fleet.graphqls":            fleetSchema,
		"clients/proto/parts/v1/parts.proto":     fleettest.Proto,
	}
	for name, guide := range map[string]struct{ document, pattern string }{
		"schema/tv/tv.graphqls":     {"../README.md", "(?s)`schema/tv/tv.graphqls`:.*?```graphql\n(.*?)```"},
		"schema/blog/blog.graphqls": {"../docs/bindings.md", "(?s)```graphql\n *# schema/blog/blog.graphqls\n(.*?)```"},
	} {
		text, err := os.ReadFile(guide.document)
		if err != nil {
			return nil, err
		}
		schema := regexp.MustCompile(guide.pattern).FindSubmatch(text)
		if schema == nil {
			return nil, fmt.Errorf("%s has no %s", guide.document, name)
		}
		files[name] = string(schema[1])
	}
	return files, nil
}

// noServices are the services of the extension, at addresses where there are none.
var noServices = map[string]string{
	"blog": "http://127.0.0.1:1", "greeter": "grpc://127.0.0.1:1", "echo": "http://127.0.0.1:1", "feed": "grpc://127.0.0.1:1",
	"fleet": "http://127.0.0.1:1", "parts": "grpc://127.0.0.1:1",
}

// startExtended runs the extension's gateway with a configuration, to which the
// services are added: those of a demo, and others by their URLs.
func startExtended(t *testing.T, d *demo.Demo, config string, others map[string]string) *gateway {
	t.Helper()
	e, err := extended()
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	list.WriteString(services(d))
	for name, none := range noServices {
		url := others[name]
		if url == "" {
			url = none
		}
		fmt.Fprintf(&list, "  %s: {url: %q}\n", name, url)
	}
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, config+"\ncache: {size: 0}\n"+list.String())
	return startBeside(t, d, e.dir, e.binary, "-config", file)
}

// copyRepository copies what git tracks, as it is on disk, into a repository of
// its own.
func copyRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := copyTo(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyTo(dir string) error {
	list, err := execute("..", "git", "ls-files", "-z")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			continue // removed and not committed yet
		}
		if err != nil {
			return err
		}
		if err := put(filepath.Join(dir, name), string(text)); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"config", "user.name", "t"}, {"config", "user.email", "t@example.com"}, {"add", "-A"}, {"commit", "-qm", "copy"},
	} {
		if _, err := execute(dir, "git", args...); err != nil {
			return err
		}
	}
	return nil
}

func put(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := put(file, text); err != nil {
		t.Fatal(err)
	}
}

// execute runs a command in a folder and returns what it prints.
func execute(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %q: %w\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out), nil
}

// in is execute for a test.
func in(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := execute(dir, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
