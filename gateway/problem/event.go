package problem

// EventError is the error of one event of a subscription. Sequences of events
// (iter.Seq2[T, error]) tell it from the end of the stream by this type: after a
// pair with an EventError, which may be wrapped, the next event comes; any other
// error ends the subscription.
type EventError struct {
	// Err is the error. It is that of the root field in the event.
	Err error
}

// OfEvent returns an error as that of one event, an [EventError]; nil for nil.
func OfEvent(err error) error {
	if err == nil {
		return nil
	}
	return &EventError{err}
}

// Error is that of the error.
func (e *EventError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *EventError) Unwrap() error { return e.Err }
