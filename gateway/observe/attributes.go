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
		{"enduser.pseudo.id", "operation", "A pseudonym of the principal, as in the access log"},
		{"error.type", "both", "The code of the first error, or `left` for a call whose caller disconnected; also on events of a call"},
		{"graphql.operation.name", "operation", "The name of the operation"},
		{"graphql.operation.type", "operation", "`query`, `mutation` or `subscription`"},
		{"http.request.method", "both", "The method, for HTTP"},
		{"http.response.body.size", "operation", "The size of the response body, for HTTP"},
		{"http.response.status_code", "both", "The status of the answer; for a call that of the last attempt"},
		{"portico.attempts", "call", "The number of attempts"},
		{"portico.batch.keys", "call", "The number of keys of the call's batch"},
		{"portico.cache", "operation", "The cache result, as in metrics"},
		{"portico.calls", "operation", "The number of calls to services"},
		{"portico.client.name", "operation", "The client's name"},
		{"portico.client.version", "operation", "The client's version"},
		{"portico.codes", "operation", "The codes of all errors"},
		{"portico.cost.actual", "operation", "The actual cost, in points"},
		{"portico.cost.requested", "operation", "The estimated maximum cost"},
		{"portico.document", "operation", "The SHA-256 of the document"},
		{"portico.events", "operation", "The number of events of a subscription"},
		{"portico.fell_back", "call", "Whether the fallback answered"},
		{"portico.frontend", "operation", "The frontend"},
		{"portico.outcome", "operation", "The outcome, as in metrics"},
		{"portico.request", "operation", "The id of the request"},
		{"portico.route", "call", "The position of the binding, file:line:column, or the gRPC method"},
		{"portico.service", "call", "The service"},
		{"portico.service.version", "call", "The service's version, unless it is the main one"},
		{"portico.transport", "operation", "`http`, `sse` or `websocket`"},
		{"rpc.method", "call", "The gRPC method"},
		{"rpc.system.name", "call", "`grpc`"},
		{"server.address", "call", "The host of the endpoint of the last attempt, or the path of its socket"},
		{"server.port", "call", "The port of that endpoint"},
	}
}
