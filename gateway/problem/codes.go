package problem

// Description describes what a code means to those who read answers.
type Description struct {
	Code Code
	// When is the cause, in Markdown without links and without a full stop.
	When string
	// HTTP has the statuses that an answer with the code can have.
	HTTP string
	// See is where docs/configuration.md has more, as a link that is relative to docs/; empty for nothing.
	See string
}

// The statuses that several codes have.
const (
	ofDocuments = "400 for application/graphql-response+json, 200 for application/json"
	refused     = "400"
	ofField     = "200"
	unavailable = "503"
)

// Descriptions returns the codes that the gateway itself uses, in the order of docs/configuration.md, whose
// table is made of them.
func Descriptions() []Description {
	const limits, values = "limits.md#one-request", "bindings.md#values-that-do-not-match-the-schema"
	return []Description{
		{ParseFailed, "the document is not GraphQL", ofDocuments, ""},
		{ValidationFailed, "the document does not match the schema", ofDocuments, ""},
		{BadUserInput, "a variable or an argument is not a value of its type", ofDocuments, "inputs.md"},
		{BadRequest, "the request is not a GraphQL request", "400, 404, 405, 406, 408, 413, 415; 200 for one of a batch", ""},
		{FrontendNotFound, "no frontend has this name; `extensions.frontends` has those that exist", "404", ""},
		{CSRFBlocked, "a GET, or a WebSocket, that a page of another site could have made a browser send", "403", ""},
		{MaxTokensLimit, "the document has too many tokens", refused, limits},
		{MaxDepthLimit, "fields are nested too deep", refused, limits},
		{MaxFieldsLimit, "too many fields are selected", refused, limits},
		{MaxAliasesLimit, "too many fields have an alias", refused, limits},
		{MaxRootFieldsLimit, "too many fields are selected at the root", refused, limits},
		{MaxResponseKeysLimit, "one key is selected too often in one place", refused, limits},
		{MaxDirectivesLimit, "the document has too many directives", refused, limits},
		{MaxFragmentsLimit, "too many fragments are spread, or they are nested too deep", refused, limits},
		{MaxInputLimit, "values are nested too deep, or there are too many", refused, limits},
		{CostTooHigh, "the operation could cost more than one may; `extensions.cost`, `extensions.maximum`", refused, "cost.md"},
		{Throttled, "the caller has asked for too much; `extensions.retryAfter` in seconds", "429", ""},
		{IntrospectionDisabled, "introspection is disabled for the frontend, or the caller lacks the scope for it", refused, ""},
		{PersistedQueryNotFound, "no document has this id", "200, as clients of APQ expect", ""},
		{PersistedQueryNotSupported, "automatic persisted queries are off", "200, as clients of APQ expect", ""},
		{PersistedQueryMismatch, "the document is not the one of the id", refused, ""},
		{PersistedQueryNotInList, "only trusted documents are executed, and this is none", refused, ""},
		{Unauthenticated, "a token or an API key that is not accepted: the request; a field needs one, or a service wants one: the field",
			"401; 200", "auth.md"},
		{Forbidden, "the caller may not have the field (`extensions.missingScopes`), or a service does not allow it: the field; " +
			"a request of an operator without the scope", "200; 403",
			"auth.md#what-the-schema-says"},
		{Overloaded, "the gateway has too much to do; `extensions.retryAfter` in seconds", unavailable, "limits.md#overload"},
		{Unavailable, "tokens can't be verified yet; too many bytes are being read; the gateway is stopping; a subscriber read too few events " +
			"of a shared stream", "503; 200", "bindings.md#shared-streams"},
		{ServiceError, "a service failed, or gave a value that does not match the schema: the field; its siblings keep their data. " +
			"`extensions.retryAfter` in seconds, if the service says so", ofField, values},
		{ServiceTimeout, "a service was too slow: the field; its siblings keep their data", ofField, "bindings.md#errors"},
		{Internal, "anything else; `extensions.id` is in the log, unless its line was suppressed", "200, 500", "configuration.md#logs"},
	}
}
