package document

// ParseText is parseText, whose tree still has the literals of arguments.
var ParseText = parseText
