package directive

// ParseArgumentPath is argumentPath.
var ParseArgumentPath = argumentPath
