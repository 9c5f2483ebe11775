package ratelimit

// Tiers are the buckets of callers: how they fill, without keys. Nil is no limit.
type Tiers struct {
	// Anonymous is the bucket of a client's address.
	Anonymous *Bucket
	// Authenticated is that of a principal whose tier has none of its own.
	Authenticated *Bucket
	// Named are those of principals with a tier, by its name.
	Named map[string]*Bucket
}

// Of returns the bucket of a principal of a tier, and a name for those who have
// the same kind of bucket.
func (t Tiers) Of(tier string) (*Bucket, string) {
	if bucket, ok := t.Named[tier]; ok {
		return bucket, "tier " + tier
	}
	return t.Authenticated, "authenticated"
}
