package directive

// ArgumentPath is argumentPath.
var ArgumentPath = argumentPath
