package config

// Usage is the record of what clients request of the schemas.
type Usage struct {
	// File stores the record across restarts; empty for none. Its folder must be writable, and
	// each gateway needs its own file.
	File string `yaml:"file" reload:"false"`
	// Days is how many days a record is kept after a client's last request.
	Days int `yaml:"days"`
}
