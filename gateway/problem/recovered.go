package problem

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic that was caught. It is not a problem itself: a
// [Presenter] shows it as [Internal] and logs the stack.
type PanicError struct {
	// Value is what was given to panic.
	Value any
	// Stack is the stack of the goroutine that panicked.
	Stack []byte
}

// Recovered makes an error of what recover returned. Call it in the deferred
// function, where the stack is still that of the panic.
func Recovered(value any) *PanicError {
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// Error has the value but not the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error, else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
