package s3events

import (
	"context"

	"parallax/internal/audit"
)

// Check asks the queue about itself and receives nothing. It returns what keeps it from being read, and whether the queue puts
// aside what is not understood.
func (s Source) Check(ctx context.Context, w audit.Window) (gaps []audit.Gap, deadLetters bool) {
	s.Held = &Held{}
	r := newReading(s, w)
	r.attributes(ctx)
	return r.gaps, r.about["dead-letter queue"] != "none"
}
