package health_test

import (
	"fmt"
	"net/http"
	"testing"

	"parallax/internal/audit"
	lab "parallax/internal/lab/health"
	"parallax/internal/lab/loopback"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/sourcetest"
)

// serveBytes answers every request with the same bytes.
func serveBytes(body []byte) (url string, stop func(), err error) {
	return loopback.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/cbor")
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		_, _ = w.Write(body)
	}))
}

func TestExercise(t *testing.T) {
	sourcetest.Exercise(t, sourcetest.Case[record.Event]{
		Open:   func(t *testing.T) pipeline.Source[record.Event] { return source(t, outage(500)) },
		Window: window, Records: 3,
		ID: func(e record.Event) string { return fmt.Sprint(e.Type, e.Source, e.At, e.Message) },
		// The extents count the minutes that were read, of which few are events.
		Stands: func([]audit.Extent, []audit.Exclusion) int64 { return 3 },
		Unreachable: map[string]func(*testing.T) pipeline.Source[record.Event]{
			"nobody there": func(*testing.T) pipeline.Source[record.Event] { return sourceAt("http://127.0.0.1:1") },
			"refused": func(t *testing.T) pipeline.Source[record.Event] {
				refusing := outage(500)
				refusing.Fault(func(string, int) lab.Fault {
					return lab.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "not authorized"}
				})
				return source(t, refusing)
			},
		},
	})
}
