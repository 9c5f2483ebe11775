package config

// Usage is the record of what clients request of the schemas.
type Usage struct {
	// File keeps what was recorded, for the next start; empty for none. Its folder must be
	// writable, and no other gateway may have the same file.
	File string `yaml:"file" reload:"false"`
	// Days is for how many days after its last request it is kept what a client has requested.
	Days int `yaml:"days"`
}
