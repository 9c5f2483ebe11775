package observe

// Attribute is an attribute of spans.
type Attribute struct {
	Name string
	On   string // operation, call, or both
	Help string
}

// Attributes returns the attributes of spans, by name. Those without the prefix portico are of
// OpenTelemetry's semantic conventions.
func Attributes() []Attribute {
	return []Attribute{
		{"enduser.pseudo.id", "operation", "Stands for the principal: the same for the same one, as in the access log"},
		{"error.type", "both", "The code of the first error, or `left` for a call whose caller left; also of the events of a call"},
		{"graphql.operation.name", "operation", "The name of the operation"},
		{"graphql.operation.type", "operation", "`query`, `mutation` or `subscription`"},
		{"http.request.method", "both", "The method, over HTTP"},
		{"http.response.body.size", "operation", "Bytes of the body that was sent, over HTTP"},
		{"http.response.status_code", "both", "The status of the answer; that of the last attempt of a call"},
		{"portico.attempts", "call", "How many attempts were made"},
		{"portico.batch.keys", "call", "The number of keys of the batch that the call is a part of"},
		{"portico.cache", "operation", "How the answer was made, as in metrics"},
		{"portico.calls", "operation", "The number of calls of services"},
		{"portico.client.name", "operation", "The name of the client"},
		{"portico.client.version", "operation", "Its version"},
		{"portico.codes", "operation", "The codes of the errors"},
		{"portico.cost.actual", "operation", "What the operation cost, in points"},
		{"portico.cost.requested", "operation", "The most that it can cost"},
		{"portico.document", "operation", "The SHA-256 of the document"},
		{"portico.events", "operation", "The number of events of a subscription"},
		{"portico.fell_back", "call", "Whether the fallback answered"},
		{"portico.frontend", "operation", "The frontend"},
		{"portico.outcome", "operation", "What came of it, as in metrics"},
		{"portico.request", "operation", "The id of the request"},
		{"portico.route", "call", "The binding, file:line:column, or the method of gRPC"},
		{"portico.service", "call", "The service"},
		{"portico.service.version", "call", "Its version, unless that is the main one"},
		{"portico.transport", "operation", "`http`, `sse` or `websocket`"},
		{"rpc.method", "call", "The method of gRPC"},
		{"rpc.system.name", "call", "`grpc`"},
		{"server.address", "call", "The host of the endpoint of the last attempt, or the path of its socket"},
		{"server.port", "call", "Its port"},
	}
}
