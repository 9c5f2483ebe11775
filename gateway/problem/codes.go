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
		{ParseFailed, "the document has a syntax error", ofDocuments, ""},
		{ValidationFailed, "the document is invalid for the schema", ofDocuments, ""},
		{BadUserInput, "a variable or an argument is not a value of its type", ofDocuments, "inputs.md"},
		{BadRequest, "the request is not a valid GraphQL request", "400, 404, 405, 406, 408, 413, 415; 200 for one of a batch", ""},
		{FrontendNotFound, "there is no frontend of this name; `extensions.frontends` lists those that exist", "404", ""},
		{CSRFBlocked, "a GET or WebSocket that a page of another site could have made a browser send", "403", ""},
		{MaxTokensLimit, "the document has too many tokens", refused, limits},
		{MaxDepthLimit, "fields are nested too deep", refused, limits},
		{MaxFieldsLimit, "too many fields are selected", refused, limits},
		{MaxAliasesLimit, "too many fields have an alias", refused, limits},
		{MaxRootFieldsLimit, "too many fields are selected at the root", refused, limits},
		{MaxResponseKeysLimit, "a response key is selected too often in the same place", refused, limits},
		{MaxDirectivesLimit, "the document has too many directives", refused, limits},
		{MaxFragmentsLimit, "too many fragment spreads, or spreads nested too deep", refused, limits},
		{MaxInputLimit, "input values are nested too deep, or there are too many", refused, limits},
		{MaxResponseLimit, "the data of the response would be too large: it is null", ofField, limits},
		{CostTooHigh, "the estimated cost exceeds the maximum; see `extensions.cost` and `extensions.maximum`", refused, "cost.md"},
		{Throttled, "the caller exceeded a rate limit; `extensions.retryAfter` in seconds", "429", ""},
		{IntrospectionDisabled, "introspection is disabled for the frontend, or the caller lacks the scope for it", refused, ""},
		{PersistedQueryNotFound, "no document has this id", "200, as clients of APQ expect", ""},
		{PersistedQueryNotSupported, "persisted documents are disabled", "200, as clients of APQ expect", ""},
		{PersistedQueryMismatch, "the document does not match the id or hash", refused, ""},
		{PersistedQueryNotInList, "only trusted documents are executed, and this is not one of them", refused, ""},
		{Unauthenticated, "the token or API key is invalid: the whole request; a field needs credentials, or a service rejected them: the field",
			"401; 200", "auth.md"},
		{Forbidden, "the caller lacks rights for the field (`extensions.missingScopes`), or a service denied the call: the field; " +
			"an operator's request lacks the scope", "200; 403",
			"auth.md#what-the-schema-says"},
		{Overloaded, "the gateway is overloaded; `extensions.retryAfter` in seconds", unavailable, "limits.md#overload"},
		{Unavailable, "tokens can't be verified yet; the body budget is used up; the gateway is stopping; a subscriber read a shared stream " +
			"too slowly", "503; 200", "bindings.md#shared-streams"},
		{ServiceError, "a service failed, or returned a value that does not match the schema: the field; its siblings keep their data. " +
			"`extensions.retryAfter` in seconds, if the service sent it", ofField, values},
		{ServiceTimeout, "a call timed out: the field; its siblings keep their data", ofField, "bindings.md#errors"},
		{Internal, "any other error, which is a defect; `extensions.id` is in the log, unless the line was suppressed", "200, 500", "configuration.md#logs"},
	}
}
