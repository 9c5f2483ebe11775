package importer

import (
	"regexp"
	"slices"
	"strings"
)

// readingVerbs are the verbs of names that only read and that a field of Query leaves out: getOrder is order.
func readingVerbs() []string {
	return []string{"get", "list", "find", "fetch", "retrieve", "read", "query", "show", "describe", "view", "load", "range", "index", "all"}
}

// searchingVerbs are the verbs of names that only read and that say what it does.
func searchingVerbs() []string {
	return []string{"search", "count", "check", "lookup", "test", "has", "exists", "compare", "estimate", "preview", "resolve"}
}

// writingVerbs are verbs of names that change something.
func writingVerbs() []string {
	return strings.Fields(`create update delete add remove set put post patch insert upsert write save store send publish cancel start stop pause
		resume terminate register deregister unregister enable disable grant revoke reset move copy rename restore undelete modify replace append
		commit rollback begin execute apply import acknowledge subscribe unsubscribe signal request respond record poll complete fail increment lock
		unlock attach detach compact defragment charge ship place empty mutate transfer deploy undeploy upload run kill archive approve reject close
		reopen merge fork follow unfollow block unblock accept decline submit confirm verify invite assign unassign rotate link unlink sync
		generate regenerate clear purge destroy edit change make push trigger bulk authorize expire void refund capture login logout`)
}

// words are the words of a name, in lower case: inTransit, in_transit and in-transit are in and transit.
func words(s string) []string {
	var all []string
	for _, part := range pieces(s) {
		for _, word := range humps(part) {
			all = append(all, strings.ToLower(word))
		}
	}
	return all
}

// fieldOf is the name of words.
func fieldOf(parts ...string) string { return camel(strings.Join(parts, " ")) }

var (
	versionSegment = regexp.MustCompile(`^(?i:v?\d+([.-]\d+)*((alpha|beta|rc)\d*)?)$`)
	fileExtension  = regexp.MustCompile(`\.(json|xml|yaml|html|csv|\{[^{}]*\})$`)
)

// segment is a part of a path that is a text.
type segment struct {
	name string
	item bool // a variable follows: /orders/{id} is an order
}

func (s segment) words() []string { return words(s.name) }

func (s segment) singular() string { return fieldOf(singular(fieldOf(s.name))) }

func (s segment) plural() bool { return singular(s.name) != s.name }

// segments are the texts of a path, without versions and what it begins with in all APIs.
func (op operation) segments() []segment {
	path, _, _ := strings.Cut(strings.SplitN(op.path, "#", 2)[0], "?")
	var all []segment
	for part := range strings.SplitSeq(fileExtension.ReplaceAllString(strings.Trim(path, "/"), ""), "/") {
		text, _, variable := strings.Cut(part, "{")
		text = strings.Trim(text, "(':=-_.@")
		if text != "" && !versionSegment.MatchString(text) && (len(all) > 0 || !slices.Contains([]string{"api", "apis", "rest"}, strings.ToLower(text))) &&
			len(pieces(text)) > 0 {
			all = append(all, segment{name: text})
		}
		if variable && len(all) > 0 {
			all[len(all)-1].item = true
		}
	}
	return all
}

// identifier are the words of the operationId without what it is in: a tag, or the first words of the path.
func (op operation) identifier(segments []segment) []string {
	id := op.OperationID
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		id = id[i+1:]
	}
	if _, after, ok := strings.Cut(id, "Controller_"); ok {
		id = after
	}
	all := words(id)
	var contexts [][]string
	for _, tag := range op.Tags {
		contexts = append(contexts, words(tag))
	}
	for _, s := range segments {
		contexts = append(contexts, s.words())
	}
	for again := true; again; {
		again = false
		for _, context := range contexts {
			n := len(context)
			if n == 0 || n >= len(all) || !same(all[:n], context) {
				continue
			}
			if rest := all[n:]; isVerb(rest[0]) || slices.ContainsFunc(contexts, func(c []string) bool { return same(rest[:min(len(c), len(rest))], c) }) {
				all, again = rest, true
			}
		}
	}
	return all
}

// same reports whether words are the same but for the number of the last one.
func same(a, b []string) bool {
	if len(a) == 0 || len(a) != len(b) {
		return false
	}
	last := len(a) - 1
	return slices.Equal(a[:last], b[:last]) && singular(a[last]) == singular(b[last])
}

func isVerb(word string) bool {
	return slices.Contains(readingVerbs(), word) || slices.Contains(searchingVerbs(), word) || slices.Contains(writingVerbs(), word)
}

// fieldNames are what an operation can be called, the best first.
func (op operation) fieldNames(root string) []string {
	segments := op.segments()
	var names []string
	if _, fragment, ok := strings.Cut(op.path, "#"); ok && len(words(fragment)) > 0 { // it says what differs
		names = append(names, fieldOf(withoutVerb(words(fragment))...))
	}
	if len(segments) > 0 && len(names) == 0 {
		if root == rootQuery {
			names = op.queryNames(segments)
		} else {
			names = op.mutationNames(segments)
		}
	}
	if len(pieces(op.OperationID)) > 0 {
		names = append(names, camel(op.OperationID))
	}
	names = append(names, camel(strings.ToLower(op.method)+" "+op.path))
	if len(segments) == 0 && len(names) == 1 {
		names = []string{fieldOf(strings.ToLower(op.method), "root")}
	}
	return names
}

// queryNames are names of what an operation reads: the noun at the end of its path, or its operationId where the path has no noun.
func (op operation) queryNames(segments []segment) []string {
	last := segments[len(segments)-1]
	id := op.identifier(segments)
	if len(id) > 1 && id[0] == "post" {
		id = id[1:] // postUsersInfo
	}
	switch parts := last.words(); {
	case last.isProcedure():
		return readNames(op.procedure(last))
	case isVerb(parts[0]) && len(id) == 0:
		return readNames(parts)
	case isVerb(parts[0]) || len(id) > 0 && slices.Contains(searchingVerbs(), id[0]):
		return readNames(id)
	}
	if chosen := op.noun(segments); len(chosen) > 0 && (!isVerb(words(op.OperationID)[0]) || !last.item && !last.plural()) {
		return append([]string{fieldOf(chosen...)}, contexts(segments, func(context string) string { return fieldOf(context, last.name) })...)
	}
	item := last.item && (len(id) == 0 || id[0] != "list")
	noun := fieldOf(last.name)
	if item {
		noun = last.singular()
	}
	names := contexts(segments, func(context string) string { return fieldOf(context, noun) })
	switch {
	case item:
		return append(names, fieldOf(noun, "by", "id"))
	case isPart(segments) && len(names) > 1:
		return names[1:] // the avatar of a user
	}
	return names
}

// readNames are names of words that may have a verb: getUser is user.
func readNames(all []string) []string {
	if short := withoutVerb(all); len(short) > 0 {
		return []string{fieldOf(short...), fieldOf(all...)}
	}
	return []string{fieldOf(all...)}
}

// isPart reports whether the end of a path is a part of an item, or something that is done to it: /users/{id}/avatar, /charges/{id}/capture.
func isPart(segments []segment) bool {
	n := len(segments)
	return n > 1 && segments[n-2].item && !segments[n-1].item && !segments[n-1].plural()
}

func isPreposition(word string) bool {
	return slices.Contains([]string{"by", "for", "in", "of", "to", "from", "with", "on", "at", "as", "and"}, word)
}

// isProcedure reports whether the segment names a procedure, as in /conversations.list and /documents:lookup.
func (s segment) isProcedure() bool { return strings.ContainsAny(s.name, ".:") }

// procedure are the words of a procedure: those of the operationId or, without one, of the segment.
func (op operation) procedure(last segment) []string {
	if all := words(op.OperationID); len(all) > 0 {
		return all
	}
	return last.words()
}

// noun is the noun that an operationId is, but for a verb before it: salesReport, getCategoryTree. It is empty if the operationId says more
// than what is read.
func (op operation) noun(segments []segment) []string {
	all := words(op.OperationID[strings.LastIndexByte(op.OperationID, '/')+1:])
	if len(all) == 0 || isMethod(all[0]) && all[0] != "get" {
		return nil
	}
	if slices.Contains(readingVerbs(), all[0]) {
		all = all[1:]
	}
	if len(all) == 0 || len(all) > 3 || slices.ContainsFunc(all, isVerb) || slices.ContainsFunc(all, isPreposition) || mirrors(all, segments) {
		return nil
	}
	return all
}

// withoutVerb removes a verb that only says that something is read.
func withoutVerb(parts []string) []string {
	for len(parts) > 0 && slices.Contains(readingVerbs(), parts[0]) {
		parts = parts[1:]
	}
	if n := len(parts); n > 1 && (parts[n-1] == "list" || parts[n-1] == "get") { // conversations.list
		parts = parts[:n-1]
	}
	return parts
}

// contexts are names with ever more of the path before them: artifacts, runArtifacts, repoRunArtifacts.
func contexts(segments []segment, name func(context string) string) []string {
	names := []string{name("")}
	context := ""
	for _, items := range []bool{true, false} {
		for i := len(segments) - 2; i >= 0; i-- {
			if segments[i].item != items {
				continue
			}
			part := segments[i].singular()
			if !items {
				part = fieldOf(segments[i].name)
			}
			context = strings.TrimSpace(part + " " + context)
			names = append(names, name(context))
		}
	}
	return names
}

// mutationNames are names of what an operation does: those of its operationId if it has a verb, or its method and the noun of its path.
func (op operation) mutationNames(segments []segment) []string {
	last := segments[len(segments)-1]
	if last.isProcedure() {
		return []string{fieldOf(op.procedure(last)...)}
	}
	verb := op.verb(last)
	switch id := op.action(segments); {
	case len(id) == 0:
	case len(id) == 1 && isVerb(id[0]):
		verb = id[0]
	case !mirrors(id, segments):
		names := []string{fieldOf(id...)}
		if i := slices.Index(id, "for"); i > 1 {
			names = append([]string{fieldOf(id[:i]...)}, names...)
		}
		return names
	case isVerb(id[0]):
		verb = id[0]
	}
	if names := op.actionNames(segments, verb); names != nil {
		return names
	}
	noun := last.singular()
	if !last.item && verb != "create" {
		noun = fieldOf(last.name)
	}
	names := contexts(segments, func(context string) string { return fieldOf(verb, context, noun) })
	if isPart(segments) && op.method != "DELETE" && len(names) > 1 {
		return names[1:] // the avatar of a user
	}
	return names
}

// action are the words of an operationId that says what is done; nil if it only has the method or nouns of the path.
func (op operation) action(segments []segment) []string {
	id := op.identifier(segments)
	if n := len(id); n > 1 && slices.Contains([]string{"one", "many", "all"}, id[n-1]) {
		id = id[:n-1]
	}
	if len(id) == 0 || isMethod(id[0]) {
		return nil
	}
	for _, s := range segments {
		if of := s.words(); same(of, id) || len(of) == 1 && same(of, id[:1]) {
			return nil
		}
	}
	return id
}

// actionNames are names of a POST whose path ends with what is done: /charges/{id}/capture, /credentials/revoke, /invoices/{id}/add_lines. They are
// nil for other operations.
func (op operation) actionNames(segments []segment, verb string) []string {
	if op.method != "POST" || len(segments) < 2 {
		return nil
	}
	last, before := segments[len(segments)-1], segments[len(segments)-2]
	parts := last.words()
	if !isPart(segments) && (verb != "create" || !isVerb(parts[0])) {
		return nil
	}
	noun := fieldOf(before.name)
	if before.item {
		noun = before.singular()
	}
	names := contexts(segments[:len(segments)-1], func(context string) string { return fieldOf(fieldOf(parts...), context, noun) })
	if len(parts) > 1 && isVerb(parts[0]) {
		return append([]string{fieldOf(parts...)}, names...)
	}
	return names
}

func isMethod(word string) bool {
	return slices.Contains([]string{"get", "post", "put", "patch"}, word)
}

// verb is what a method does to what its path names.
func (op operation) verb(last segment) string {
	switch {
	case op.method == "DELETE":
		return "delete"
	case op.method == "PUT" && op.item.Patch != nil:
		return "replace"
	case op.method == "PUT", op.method == "PATCH", last.item && op.item.Put == nil && op.item.Patch == nil:
		return "update"
	}
	return "create"
}

// mirrors reports whether an operationId spells out the path: deleteCustomersCustomer, deleteFilesId, replaceAppsV1NamespacedDeployment.
func mirrors(id []string, segments []segment) bool {
	if id[len(id)-1] == "id" && id[max(len(id)-2, 0)] != "by" || slices.ContainsFunc(id, versionSegment.MatchString) {
		return true
	}
	for i, word := range id {
		if slices.ContainsFunc(id[i+1:], func(other string) bool { return singular(other) == singular(word) }) {
			return true
		}
	}
	found := 0
	for _, s := range segments {
		if slices.ContainsFunc(id, func(word string) bool { return same([]string{word}, s.words()) }) {
			found++
		}
	}
	return found > 2
}
