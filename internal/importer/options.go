package importer

import (
	"path"
	"strings"
)

// Options say what is imported and where to.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Service is the name of the service in portico.yaml.
	Service string
	// Frontend is the folder of schema/ that gets the draft; "" for shared.
	Frontend string
	// Only has the operations to import, all when it is empty: operationIds or
	// "GET /path" for OpenAPI, methods for protos. A * stands for any text without a slash,
	// and ** for any text. See [ParseOnly].
	Only []string
	// Roots are folders that imports of protos are found in, before those that
	// the files themselves tell.
	Roots []string
	// Progress is called before each step that can take more than a moment; it may be nil.
	Progress func(step string)

	isBase bool // the draft is that of the import before, made again
}

// again are the options to draft again what a file has that the import before has made, whatever was changed in it since.
func (o Options) again(file []byte) Options {
	o.Progress, o.isBase, o.Only = nil, true, nil
	for line := range strings.Lines(string(file)) {
		if list, ok := strings.CutPrefix(line, onlyHeader); ok {
			o.Only = ParseOnly(list)
		}
		if !strings.HasPrefix(line, "#") {
			break
		}
	}
	return o
}

func (o Options) step(step string) {
	if o.Progress != nil {
		o.Progress(step)
	}
}

// target is the file of the draft.
func (o Options) target() string { return path.Join("schema", o.folder(), o.Service+".graphqls") }

// sharedFolder has what every frontend has.
const sharedFolder = "shared"

func (o Options) folder() string {
	if o.Frontend == "" {
		return sharedFolder
	}
	return o.Frontend
}
