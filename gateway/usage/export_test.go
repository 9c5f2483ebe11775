package usage

// Bound sets smaller bounds, for tests.
func (r *Recorder) Bound(clients, records, held int) {
	r.bounds = bounds{clients, records, held}
	r.totals.bounds = r.bounds
}

// Sizes returns how many clients and records there are, and what operations with counters
// hold.
func (r *Recorder) Sizes() (clients, records, held int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.totals.clients), r.totals.records, r.held
}
