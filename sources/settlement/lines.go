package settlement

import (
	"context"
	"errors"
	"fmt"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// Lines yields the lines of the files that the last Read accepted, in the same order, as often as it is called: each file is
// decoded once more, and nothing of it is kept. It returns yield's error if it gives one. A file that is no longer the one
// that was accepted is an error, after lines of it may have been yielded.
func (s *Source) Lines(ctx context.Context, yield func(record.SettlementLine) error) error {
	defer s.Place.Close() //nolint:errcheck // it was only read
	r := reading{Source: s}
	for _, f := range s.accepted {
		sum, _, err := r.pass(ctx, f.File, func(l record.SettlementLine) error {
			if err := yield(l); err != nil {
				return decode.StopError{Err: err}
			}
			return nil
		})
		if stop := (decode.StopError{}); errors.As(err, &stop) {
			return stop.Err
		}
		switch {
		case err != nil:
			return fmt.Errorf("read settlement feed %s: %w", s.Feed, err)
		case sum != f.sha256:
			return fmt.Errorf("read settlement feed %s: %s: %w", s.Feed, f.Name, errUnsettled)
		}
	}
	return nil
}
