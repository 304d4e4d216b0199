package inventory

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// skippedError is of a file that was not asked for, because too many before it could not be fetched, one after the other.
type skippedError struct{ last error }

func (s *skippedError) Error() string {
	return "was not asked for: " + count(inARow) + " files in a row could not be fetched"
}

// lost tells whether files are still asked for: where a server is gone, each would wait alone for the end of its time.
func (l *List) lost() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed < inARow {
		return nil
	}
	return &skippedError{l.last}
}

// heard counts what came of asking for a file. That it is not there, or is not what it should be, is an answer; what this machine
// cannot do, and a run that is called off, say nothing.
func (l *List) heard(ctx context.Context, err error) {
	var (
		damaged *damageError
		disk    *localError
		missing *types.NoSuchKey
	)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ctx.Err() != nil || errors.As(err, &disk):
	case err == nil || errors.As(err, &damaged) || errors.As(err, &missing):
		l.failed = 0
	default:
		l.failed++
		l.last = err
	}
}
