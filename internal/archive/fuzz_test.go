package archive

import (
	"context"
	"testing"
	"time"

	"parallax/internal/audit"
)

// FuzzDecode holds that whatever a file holds ends in changes or in an error, soon.
func FuzzDecode(f *testing.F) {
	data, err := encode(changes(3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-9])
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = decode(context.Background(), data, audit.Segment{Records: 3}, nil)
			_ = scan(context.Background(), data, 3, func(r Rows) error {
				for _, image := range r.New {
					_ = string(image)
				}
				return nil
			})
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("no answer within 10 s")
		}
	})
}
