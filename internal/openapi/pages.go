package openapi

import "strings"

// The names that documents give the parameters and members of pages: in lower case, without signs.

// NumberNames are parameters that say the number of the page.
func NumberNames() []string {
	return []string{"page", "pagenumber", "pageno", "pageindex", "currentpage"}
}

// OffsetNames are parameters that say how many rows come before the page.
func OffsetNames() []string { return []string{"offset", "skip", "startat", "startindex", "start"} }

// CursorNames are parameters that say the row or the mark at which the page begins.
func CursorNames() []string {
	return strings.Fields(`cursor pagetoken after startingafter nexttoken nextpagetoken nextcursor marker continuationtoken continue startafter pagecursor
		pageafter pageinfo`)
}

// RowsNames are members that have the rows.
func RowsNames() []string {
	return []string{"data", "items", "results", "values", "records", "entries", "rows", "list", "result", "content", "resources"}
}

// NextNames are members that say where the next page begins.
func NextNames() []string {
	return strings.Fields(`nextcursor nextpagetoken nexttoken nextmarker continuationtoken endcursor continue next cursor after nextpage nexturl
		nextpageuri nextpageurl nextlink`)
}

// TotalNames are members that say how many rows there are on all pages.
func TotalNames() []string {
	return []string{"total", "totalcount", "totalresults", "totalitems", "totalrecords", "totalsize", "totalentries", "totalelements"}
}

// MoreNames are members that say whether there is another page.
func MoreNames() []string {
	return []string{"hasmore", "hasnext", "hasnextpage", "more", "moreavailable"}
}

// BesideNames are members that have what an answer says of its page.
func BesideNames() []string {
	return strings.Fields("meta metadata pagination paging page pages pageinfo responsemetadata links cursors cursor responsecontext")
}
