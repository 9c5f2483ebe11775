package importer

// Proto makes a draft of gRPC services.
func Proto(files []string, o Options) (*Draft, error) { return nil, nil }
